/** The parts of `hub/session`, made from the configuration. */
import { lookup } from 'node:dns/promises';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import type { ScopeRegistry } from '../../core/scopes/index.js';
import { AddressBlocks } from '../../core/wire/addresses.js';
import type { CryptKeeper } from '../../core/wire/fernet.js';
import type { HubAddresses } from '../addresses.js';
import { AnteroomClass, JupyterHubClass } from '../config.js';
import type { Metrics } from '../metrics/index.js';
import {
  Accounts,
  ActivityRecorder,
  type Admission,
  AuthRefresh,
  accountRights,
  Identities,
  type SessionSettings,
  Sessions,
  SignIn,
  SignInLimits,
  SignOut,
  TokenFinder,
} from '../session/index.js';
import type { Store, UserRecord } from '../store/types.js';
import type { SystemAccounts } from '../system-accounts/index.js';
import type { TornadoSettings } from '../tornado-settings.js';

export interface SessionPartsOptions {
  readonly store: Store;
  readonly registry: ScopeRegistry;
  readonly configRoles: ReadonlySet<string>;
  readonly config: HubSettings;
  readonly tornado: TornadoSettings;
  readonly addresses: HubAddresses;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly systemAccounts: SystemAccounts;
  readonly cryptKeeper: CryptKeeper;
  readonly cookieSecret: Uint8Array;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Addresses of a proxy on another machine; one on this machine is known by loopback. */
  readonly proxyAddresses: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  stopServers(user: UserRecord): Promise<void>;
  /** Has `remove` delete a user together with their servers. */
  removeUser(user: UserRecord, remove: () => Promise<void>): Promise<void>;
  onRevoked(): void;
  readonly metrics: Pick<Metrics, 'login'>;
}

export class SessionParts {
  readonly activity: ActivityRecorder;
  readonly accounts: Accounts;
  readonly refresh: AuthRefresh;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly signInLimits: SignInLimits;
  readonly signOut: SignOut;

  constructor(options: SessionPartsOptions) {
    const { store, authenticator, admission, clock, log } = options;
    const hub = options.config.of(JupyterHubClass);
    const auth = options.config.of(options.config.selected.authenticator);
    const anteroom = options.config.of(AnteroomClass);
    this.activity = new ActivityRecorder({ store, clock, log, resolutionSeconds: hub.activity_resolution });
    this.accounts = new Accounts({
      store,
      rights: accountRights({ store, registry: options.registry, configRoles: options.configRoles, log }),
      authenticator,
      admission,
      identities: new Identities({ store, clock, log }),
      settings: auth,
      cryptKeeper: options.cryptKeeper,
      removeUser: (user, remove) => options.removeUser(user, remove),
      clock,
      log,
    });
    this.refresh = new AuthRefresh({ authenticator, accounts: this.accounts, settings: auth, clock, log });
    this.sessions = new Sessions({
      store,
      settings: sessionSettings(options),
      tokens: new TokenFinder(store, clock),
      activity: this.activity,
      refresh: this.refresh,
      clock,
      log,
    });
    this.signInLimits = new SignInLimits(anteroom, clock);
    this.signIn = new SignIn({
      authenticator,
      admission,
      accounts: this.accounts,
      systemAccounts: options.systemAccounts,
      refresh: this.refresh,
      limits: this.signInLimits,
      settings: auth,
      clock,
      log,
      onDuration: (status, seconds) => options.metrics.login(status, seconds),
    });
    this.signOut = new SignOut({
      store,
      clock,
      log,
      onRevoked: options.onRevoked,
      ...(hub.shutdown_on_logout && { stopServers: (user: UserRecord) => options.stopServers(user) }),
    });
  }
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

function sessionSettings(options: SessionPartsOptions): SessionSettings {
  const { addresses, environment, tornado } = options;
  const hub = options.config.of(JupyterHubClass);
  const list = (name: string): readonly string[] =>
    (environment[name] ?? '').split(';').filter((each) => each.trim() !== '');
  const headers = list('JUPYTERHUB_XSRF_ANONYMOUS_ID_HEADERS');
  const ownProxy = new AddressBlocks([...LOOPBACK, ...options.proxyAddresses]);
  return {
    cookieSecret: options.cookieSecret,
    baseUrl: addresses.baseUrl,
    cookieHostPrefixEnabled: hub.cookie_host_prefix_enabled,
    cookieMaxAgeDays: hub.cookie_max_age_days,
    cookieOptions: tornado.cookieOptions,
    xsrfCookieOptions: tornado.xsrfCookieOptions,
    publicUrl: addresses.publicUrl === '' ? undefined : new URL(addresses.publicUrl),
    cookieDomain: addresses.places.cookieDomain,
    activityResolutionSeconds: hub.activity_resolution,
    addresses: {
      trusted: new AddressBlocks([...hub.trusted_downstream_ips]),
      isOwnProxy: (address) => ownProxy.match(address) !== undefined,
    },
    anonymousIds: {
      blocks: new AddressBlocks(list('JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS')),
      headers: headers.length > 0 ? headers : ['User-Agent'],
    },
  };
}

/** Addresses of the proxy's host. One whose name cannot be found yet is nobody's: the hub says so and goes on. */
export async function addressesOfHost(host: string | undefined, log: Log): Promise<readonly string[]> {
  if (host === undefined) return [];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    log.warn("the proxy's host name has no address yet; clients will all seem to come from the proxy", {
      host,
      error: messageOf(error),
    });
    return [];
  }
}
