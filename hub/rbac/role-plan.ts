import type { JsonObject } from '../../core/model/json.js';
import {
  DEFAULT_ROLES,
  type DefaultRole,
  defaultRoleNamed,
  type ScopeRegistry,
} from '../../core/scopes/index.js';
import { type RoleSpec, readRoleSpec } from './role-spec.js';

/** What the configuration says about roles. */
export interface RoleConfig {
  /** `c.JupyterHub.load_roles` */
  readonly loadRoles: readonly unknown[];
  /** `c.JupyterHub.custom_scopes` */
  readonly customScopes: JsonObject;
  /** `c.JupyterHub.extra_user_scopes` */
  readonly extraUserScopes: readonly string[];
  /** `c.Authenticator.manage_roles`, with what its `load_managed_roles()` gave; absent: it does not manage roles. */
  readonly managedRoles?: readonly unknown[] | undefined;
}

/** The roles that will exist, complete, and the specs as written, whose member lists decide who holds them. */
export interface RolePlan {
  readonly roles: readonly RoleSpec[];
  readonly specs: readonly RoleSpec[];
}

export interface PlannedRoles {
  readonly plan: RolePlan;
  /** Not empty: the hub must not start. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Defines the custom scopes, then merges configuration over the default roles. Pure but for the registry; finds all
 * faults at once. (JupyterHub 6.1.1 `init_role_creation`)
 */
export function planRoles(config: RoleConfig, registry: ScopeRegistry): PlannedRoles {
  const custom = registry.defineCustom(config.customScopes);
  const faults = [...custom.faults];
  const warnings = [...custom.warnings];
  const specs: RoleSpec[] = [];
  const read = (values: readonly unknown[], source: string, managed: boolean): void => {
    for (const [index, value] of values.entries()) {
      const found = readRoleSpec(value, `${source}[${index}]`, managed, registry);
      faults.push(...found.faults);
      warnings.push(...found.warnings);
      if (found.spec) specs.push(found.spec);
    }
  };
  read(config.loadRoles, 'load_roles', false);
  if (config.managedRoles) {
    faults.push(...assignmentsBesideManaged(specs));
    read(config.managedRoles, 'load_managed_roles', true);
  }
  faults.push(...duplicates(specs), ...adminOverrides(specs), ...extraScopeFaults(config, registry));
  warnings.push(...userRoleWarnings(specs, config.extraUserScopes));
  return { plan: { roles: merge(specs, config.extraUserScopes), specs }, faults, warnings };
}

function merge(specs: readonly RoleSpec[], extraUserScopes: readonly string[]): readonly RoleSpec[] {
  const defaults = DEFAULT_ROLES.map((role) => defaultSpec(role, extraUserScopes));
  const untouched = defaults.filter((role) => !specs.some((spec) => spec.name === role.name));
  const merged = specs.map((spec) => ({ ...defaults.find((role) => role.name === spec.name), ...spec }));
  return [...untouched, ...merged];
}

function defaultSpec({ name, description, scopes }: DefaultRole, extra: readonly string[]): RoleSpec {
  const all = name === 'user' ? [...scopes, ...[...new Set(extra)].sort()] : scopes;
  return { name, description, scopes: all, managedByAuth: false };
}

function assignmentsBesideManaged(specs: readonly RoleSpec[]): readonly string[] {
  const offending = specs.filter((spec) => (spec.users?.length ?? 0) + (spec.groups?.length ?? 0) > 0);
  return offending.map(
    (spec) =>
      `load_roles: role ${JSON.stringify(spec.name)} lists users or groups, but Authenticator.manage_roles is on and` +
      ' assigns them',
  );
}

function duplicates(specs: readonly RoleSpec[]): readonly string[] {
  const names = specs.map((spec) => spec.name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `load_roles: role ${JSON.stringify(name)} is defined more than once`);
}

/** The role that can do everything stays what it is; who holds it may be configured. */
function adminOverrides(specs: readonly RoleSpec[]): readonly string[] {
  const own = defaultRoleNamed('admin');
  return specs
    .filter(({ name }) => name === 'admin')
    .flatMap((spec) => {
      const faults: string[] = [];
      if (spec.description !== undefined && spec.description !== own?.description) {
        faults.push('load_roles: the description of role "admin" cannot be changed');
      }
      if (spec.scopes !== undefined && JSON.stringify(spec.scopes) !== JSON.stringify(own?.scopes)) {
        faults.push('load_roles: the scopes of role "admin" cannot be changed');
      }
      return faults;
    });
}

function extraScopeFaults(config: RoleConfig, registry: ScopeRegistry): readonly string[] {
  return config.extraUserScopes
    .map((scope) => registry.problem(scope))
    .filter((problem) => problem !== undefined)
    .map((problem) => `extra_user_scopes: ${problem}`);
}

function userRoleWarnings(specs: readonly RoleSpec[], extra: readonly string[]): readonly string[] {
  const scopes = specs.find((spec) => spec.name === 'user')?.scopes;
  if (!scopes) return [];
  const warnings: string[] = [];
  if (extra.length > 0)
    warnings.push('load_roles sets the scopes of role "user", so extra_user_scopes is ignored');
  if (!scopes.includes('self')) {
    warnings.push(
      'load_roles sets the scopes of role "user" without "self": users may not be able to use their own servers;' +
        ' extra_user_scopes adds to the default instead',
    );
  }
  return warnings;
}
