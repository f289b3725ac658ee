/** All declared classes, in the order of help and documentation, and those known only by name. */
import { OAuthenticatorClass } from '../authenticators/oauth/traits.js';
import type { Catalog } from '../core/config/catalog.js';
import type { ClassDeclaration } from '../core/config/declare.js';
import { lineage } from '../core/config/declare.js';
import { AuthenticatorClass, LocalAuthenticatorClass } from '../core/plugin/authenticator-traits.js';
import {
  AnteroomClass,
  ApplicationClass,
  CryptKeeperClass,
  JupyterHubClass,
  PeriodicMetricsCollectorClass,
} from '../hub/config.js';
import { SLOTS } from './builtins.js';

/** Classes of which every hub has one. */
export const HUB_CLASSES: readonly ClassDeclaration[] = [
  ApplicationClass,
  JupyterHubClass,
  AnteroomClass,
  CryptKeeperClass,
  PeriodicMetricsCollectorClass,
];

const PLUGIN_CLASSES: readonly ClassDeclaration[] = Object.values(SLOTS).flatMap((slot) => [
  slot.base,
  ...(slot.base === AuthenticatorClass ? [LocalAuthenticatorClass, OAuthenticatorClass] : []),
  ...slot.builtins.map((builtin) => builtin.declaration),
]);

export const ALL_CLASSES: readonly ClassDeclaration[] = [...HUB_CLASSES, ...PLUGIN_CLASSES];

const NOT_BUILT = 'this class is not built yet';
const PYTHON = 'it configures a part of the Python hub that does not exist here';

/** Sections that a configuration written for JupyterHub may well hold. */
const KNOWN_BY_NAME: ReadonlyArray<readonly [name: string, reason: string]> = [
  ...Object.values(SLOTS)
    .flatMap((slot) => slot.notBuilt.flatMap((each) => each.classes))
    .map((name) => [name, NOT_BUILT] as const),
  ...[
    'JupyterHubHTTPClient',
    'NewToken',
    'UpgradeDB',
    'EventLogger',
    'EventLog',
    'Service',
    'HubAuth',
    'HubOAuth',
    'Configurable',
    'LoggingConfigurable',
    'SingletonConfigurable',
  ].map((name) => [name, PYTHON] as const),
];

/** @param plugins classes of plug-ins from the user's own packages */
export function catalogWith(plugins: readonly ClassDeclaration[]): Catalog {
  const own = plugins.flatMap((each) => lineage(each)).filter((each) => !ALL_CLASSES.includes(each));
  return { classes: [...ALL_CLASSES, ...new Set(own)], notBuilt: new Map(KNOWN_BY_NAME) };
}
