import { lineage } from '../../core/config/declare.js';
import { LocalAuthenticatorClass } from '../../core/plugin/authenticator-traits.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import { programExists } from './make.js';

export interface SystemAccountSettings {
  /** Every user needs an account of this machine. */
  readonly required: boolean;
  /** Make it where it is missing. */
  readonly create: boolean;
  readonly addUserCommand: readonly string[];
  /** User ids for accounts to be made, by name. */
  readonly uids: Readonly<Record<string, unknown>>;
  /** System groups. */
  readonly allowedGroups: ReadonlySet<string>;
  readonly adminGroups: ReadonlySet<string>;
}

/** Settings that mean the same in every class that has them; the groups of an OAuth class are not the machine's. */
const SHARED = ['create_system_users', 'add_user_cmd', 'uids'] as const;

type Values = Readonly<Record<string, unknown>>;

/**
 * What the configuration says of system accounts. In JupyterHub they belong to LocalAuthenticator and its heirs; here
 * the section `c.LocalAuthenticator` counts beside every authenticator, and a class that has the settings itself
 * (PAM, `Local...OAuthenticator`) may set them under its own name, which is stronger.
 */
export function systemAccountSettings(config: HubSettings): SystemAccountSettings {
  const { authenticator } = config.selected;
  const isLocal = lineage(authenticator).includes(LocalAuthenticatorClass);
  const declaration = isLocal ? authenticator : LocalAuthenticatorClass;
  const values: Record<string, unknown> = { ...(config.of(declaration) as Values) };
  const own = config.resolution(authenticator);
  for (const trait of SHARED) {
    if (own.configured.has(trait)) values[trait] = (own.values as Values)[trait];
  }
  const spoken = config.resolution(LocalAuthenticatorClass).configured;
  return {
    required:
      'create_system_users' in authenticator.traits ||
      Object.keys(LocalAuthenticatorClass.own).some((trait) => spoken.has(trait)),
    create: values['create_system_users'] === true,
    addUserCommand: values['add_user_cmd'] as readonly string[],
    uids: values['uids'] as Values,
    allowedGroups: values['allowed_groups'] as ReadonlySet<string>,
    adminGroups: values['admin_groups'] as ReadonlySet<string>,
  };
}

/** Faults in words, e.g. an id that no account may have. */
export function systemAccountFaults(settings: SystemAccountSettings): readonly string[] {
  const faults = Object.entries(settings.uids)
    .filter(([, uid]) => !(typeof uid === 'number' && Number.isInteger(uid) && uid > 0 && uid < 2 ** 31))
    .map(([name, uid]) => `c.LocalAuthenticator.uids: ${JSON.stringify(uid)} is no user id for ${name}`);
  if (settings.create && settings.addUserCommand.length === 0)
    faults.push('c.LocalAuthenticator.add_user_cmd: is empty, but create_system_users is on');
  const [program] = settings.addUserCommand;
  if (settings.create && program !== undefined && !programExists(program)) {
    faults.push(
      `c.LocalAuthenticator.add_user_cmd: there is no program ${program} on this machine; install it, or write e.g. ['useradd', '--create-home', '--shell', '/bin/bash']`,
    );
  }
  return faults;
}
