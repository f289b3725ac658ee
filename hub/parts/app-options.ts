import type { Clock } from '../../core/clock.js';
import type { Log } from '../../core/log.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import type { ProxyClient } from '../../core/plugin/proxy-client.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import type { ScopeRegistry } from '../../core/scopes/index.js';
import type { HubAddresses } from '../addresses.js';
import type { ServerLifecycle } from '../lifecycle/index.js';
import type { Metrics } from '../metrics/index.js';
import type { RevocationFeed } from '../oauth/index.js';
import type { Renderer } from '../pages/renderer.js';
import type { StaticFile } from '../pages/static.js';
import type { Rights } from '../rbac/index.js';
import type { Services } from '../services/index.js';
import type { Admission } from '../session/index.js';
import type { Store } from '../store/types.js';
import type { SystemAccounts } from '../system-accounts/index.js';
import type { TornadoSettings } from '../tornado-settings.js';
import type { SessionParts } from './session.js';

/** The hub's parts, from which the routes' are made. */
export interface AppPartsOptions {
  readonly config: HubSettings;
  readonly tornado: TornadoSettings;
  readonly renderer: Renderer;
  readonly logo: StaticFile;
  readonly addresses: HubAddresses;
  readonly store: Store;
  readonly rights: Rights;
  readonly sessions: SessionParts;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly systemAccounts: SystemAccounts;
  readonly lifecycle: ServerLifecycle;
  readonly feed: RevocationFeed;
  readonly proxy: ProxyClient;
  readonly registry: ScopeRegistry;
  readonly services: Services;
  readonly metrics: Metrics;
  onShutdownRequest(request: { readonly servers?: boolean; readonly proxy?: boolean }): void;
  readonly spawnerClass: string;
  readonly sharedAccount: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}
