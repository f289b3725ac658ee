import { isJsonObject } from '../../core/model/json.js';
import { hasEmptyFilter, isRoleName, type ScopeRegistry } from '../../core/scopes/index.js';
import type { EntityKind } from '../store/types.js';
import { isStorable } from './storable.js';

/** Kinds of members that a role's configuration can list, under the names it gives them. */
export const MEMBER_KINDS = ['users', 'services', 'groups'] as const;
export type MemberKind = (typeof MEMBER_KINDS)[number];

export const ENTITY_OF: Readonly<Record<MemberKind, EntityKind>> = {
  users: 'user',
  services: 'service',
  groups: 'group',
};

/** One role as `load_roles` or an authenticator describes it. An absent key differs from an empty one. */
export interface RoleSpec {
  readonly name: string;
  readonly description?: string | null;
  readonly scopes?: readonly string[];
  readonly users?: readonly string[];
  readonly services?: readonly string[];
  readonly groups?: readonly string[];
  readonly managedByAuth: boolean;
}

const KEYS: ReadonlySet<string> = new Set([
  'name',
  'description',
  'scopes',
  'managed_by_auth',
  ...MEMBER_KINDS,
]);

export interface ReadSpec {
  /** Absent when something is wrong. */
  readonly spec?: RoleSpec;
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Reads one role and finds all that is wrong with it.
 * @param where how the fault names the place, e.g. `load_roles[2]`
 */
export function readRoleSpec(
  value: unknown,
  where: string,
  managed: boolean,
  registry: ScopeRegistry,
): ReadSpec {
  if (!isJsonObject(value)) return { faults: [`${where} must be an object with a name`], warnings: [] };
  const faults: string[] = [];
  const name = value['name'];
  if (typeof name !== 'string') return { faults: [`${where} has no name`], warnings: [] };
  const at = `${where}: role ${JSON.stringify(name)}`;
  if (!isRoleName(name)) {
    faults.push(
      `${at}: a role's name is 3 to 255 of a-z, 0-9, "-._~", begins with a letter and ends with a letter or digit`,
    );
  }
  const { description } = value;
  if (description !== undefined && description !== null && typeof description !== 'string') {
    faults.push(`${at}: description must be text`);
  }
  const scopes = readNames(value['scopes'], `${at}: scopes`, faults);
  for (const scope of scopes ?? []) {
    const problem = registry.problem(scope);
    if (problem !== undefined) faults.push(`${at}: ${problem}`);
  }
  const members = Object.fromEntries(
    MEMBER_KINDS.filter((kind) => value[kind] !== undefined).map((kind) => [
      kind,
      readNames(value[kind], `${at}: ${kind}`, faults) ?? [],
    ]),
  );
  const warnings = [
    ...Object.keys(value)
      .filter((key) => !KEYS.has(key))
      .map((key) => `${at}: unknown key ${JSON.stringify(key)} is ignored`),
    ...(scopes ?? []).filter(hasEmptyFilter).map((scope) => `${at}: the filter of ${scope} names nobody`),
  ];
  if (faults.length > 0) return { faults, warnings };
  const spec: RoleSpec = {
    name,
    ...(description === undefined ? {} : { description: description as string | null }),
    ...(scopes === undefined ? {} : { scopes }),
    ...members,
    managedByAuth: managed || value['managed_by_auth'] === true,
  };
  return { spec, faults, warnings };
}

function readNames(value: unknown, at: string, faults: string[]): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && isStorable(item)))
    return value;
  faults.push(`${at} must be a list of names`);
  return undefined;
}
