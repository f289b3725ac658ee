/**
 * The plug-ins that come with us, by name; the only file that lists them. Their settings are declared at once,
 * their code is loaded when chosen.
 */
import { DummyAuthenticatorClass } from '../authenticators/dummy/traits.js';
import { HeaderAuthenticatorClass } from '../authenticators/header/traits.js';
import { NullAuthenticatorClass } from '../authenticators/null/traits.js';
import { Auth0OAuthenticatorClass } from '../authenticators/oauth/auth0-traits.js';
import { AzureAdOAuthenticatorClass } from '../authenticators/oauth/azuread-traits.js';
import { BitbucketOAuthenticatorClass } from '../authenticators/oauth/bitbucket-traits.js';
import { CILogonOAuthenticatorClass } from '../authenticators/oauth/cilogon-traits.js';
import { GenericOAuthenticatorClass } from '../authenticators/oauth/generic-traits.js';
import { GitHubOAuthenticatorClass } from '../authenticators/oauth/github-traits.js';
import { GitLabOAuthenticatorClass } from '../authenticators/oauth/gitlab-traits.js';
import { GoogleOAuthenticatorClass } from '../authenticators/oauth/google-traits.js';
import { localOf } from '../authenticators/oauth/local-traits.js';
import { OpenShiftOAuthenticatorClass } from '../authenticators/oauth/openshift-traits.js';
import { PAMAuthenticatorClass } from '../authenticators/pam/traits.js';
import { SharedPasswordAuthenticatorClass } from '../authenticators/shared-password/traits.js';
import type { ClassDeclaration } from '../core/config/declare.js';
import type { AuthenticatorKind } from '../core/plugin/authenticator.js';
import { AuthenticatorClass } from '../core/plugin/authenticator-traits.js';
import type { HousedSpawnerKind, SpawnerKind } from '../core/plugin/spawner.js';
import { SpawnerClass } from '../core/plugin/spawner-traits.js';
import { ConfigurableHTTPProxyClass, ProxyClass } from '../proxy/client/traits.js';
import { KubeSpawnerClass } from '../spawners/kubernetes/traits.js';
import { LocalProcessSpawnerClass } from '../spawners/local-process/traits.js';
import { SimpleLocalProcessSpawnerClass } from '../spawners/simple/traits.js';
import {
  NOT_BUILT_AUTHENTICATORS,
  NOT_BUILT_PROXIES,
  NOT_BUILT_SPAWNERS,
  type NotBuilt,
} from './not-built.js';

/** In one module: they share what speaks to a provider. */
const oauth = () => import('../authenticators/oauth/index.js');
const OAUTH = [
  [GenericOAuthenticatorClass, 'generic'],
  [GitHubOAuthenticatorClass, 'github'],
  [GoogleOAuthenticatorClass, 'google'],
  [OpenShiftOAuthenticatorClass, 'openshift'],
  [GitLabOAuthenticatorClass, 'gitlab'],
  [AzureAdOAuthenticatorClass, 'azuread'],
  [Auth0OAuthenticatorClass, 'auth0'],
  [BitbucketOAuthenticatorClass, 'bitbucket'],
  [CILogonOAuthenticatorClass, 'cilogon'],
] as const;

export type SlotName = 'spawner' | 'authenticator' | 'proxy';

/** What a slot's plug-ins are, once loaded. */
export interface SlotKinds {
  readonly spawner: SpawnerKind | HousedSpawnerKind;
  readonly authenticator: AuthenticatorKind;
  readonly proxy: typeof import('../proxy/client/index.js');
}

export interface Slot<K = unknown> {
  /** The trait of `c.JupyterHub` that chooses. */
  readonly trait: 'spawner_class' | 'authenticator_class' | 'proxy_class';
  /** What a plug-in's class must descend from. */
  readonly base: ClassDeclaration;
  readonly builtins: readonly Builtin<K>[];
  /** Those of JupyterHub's world that are not built. */
  readonly notBuilt: readonly NotBuilt[];
  /** What to write instead of one that is not built. */
  readonly instead: string;
}

interface Builtin<K = unknown> {
  readonly declaration: ClassDeclaration;
  /** The plug-in itself, loaded when it is chosen. */
  readonly load?: () => Promise<K>;
  /** Only its settings are known: choosing it refuses the start. */
  readonly notBuilt?: true;
}

export const SLOTS: { readonly [Name in SlotName]: Slot<SlotKinds[Name]> } = {
  spawner: {
    trait: 'spawner_class',
    base: SpawnerClass,
    builtins: [
      {
        declaration: LocalProcessSpawnerClass,
        load: async () => (await import('../spawners/local-process/index.js')).localProcess,
      },
      {
        declaration: SimpleLocalProcessSpawnerClass,
        load: async () => (await import('../spawners/simple/index.js')).simple,
      },
      {
        declaration: KubeSpawnerClass,
        load: async () => (await import('../spawners/kubernetes/index.js')).kubernetes,
      },
    ],
    notBuilt: NOT_BUILT_SPAWNERS,
    instead: "c.JupyterHub.spawner_class = 'simple' (or 'localprocess')",
  },
  authenticator: {
    trait: 'authenticator_class',
    base: AuthenticatorClass,
    builtins: [
      {
        declaration: DummyAuthenticatorClass,
        load: async () => (await import('../authenticators/dummy/index.js')).dummy,
      },
      {
        declaration: SharedPasswordAuthenticatorClass,
        load: async () => (await import('../authenticators/shared-password/index.js')).sharedPassword,
      },
      {
        declaration: NullAuthenticatorClass,
        load: async () => (await import('../authenticators/null/index.js')).nullAuthenticator,
      },
      {
        declaration: PAMAuthenticatorClass,
        load: async () => (await import('../authenticators/pam/index.js')).pam,
      },
      {
        declaration: HeaderAuthenticatorClass,
        load: async () => (await import('../authenticators/header/index.js')).header,
      },
      ...OAUTH.map(([declaration, name]) => ({ declaration, load: async () => (await oauth())[name] })),
      ...OAUTH.map(([declaration, name]) => ({
        declaration: localOf(declaration),
        load: async () => (await oauth())[name].local,
      })),
    ],
    notBuilt: NOT_BUILT_AUTHENTICATORS,
    instead: "c.JupyterHub.authenticator_class = 'shared-password' (or 'dummy' for a trial)",
  },
  proxy: {
    trait: 'proxy_class',
    base: ProxyClass,
    builtins: [{ declaration: ConfigurableHTTPProxyClass, load: () => import('../proxy/client/index.js') }],
    notBuilt: NOT_BUILT_PROXIES,
    instead: "c.JupyterHub.proxy_class = 'configurable-http-proxy'",
  },
};
