/**
 * A hub reduced to sessions and OAuth, of the real parts: SQLite in memory, rights with the default roles, Fastify with the
 * hub's body parser, error answers and gate. The one thing made up is the authenticator, which knows one password.
 */
import fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import type { Log, LogFields } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import type { Authenticator, AuthModel, RefreshOutcome } from '../../core/plugin/authenticator.js';
import { ScopeRegistry } from '../../core/scopes/index.js';
import { AddressBlocks } from '../../core/wire/addresses.js';
import { CryptKeeper } from '../../core/wire/fernet.js';
import { GENERATED_ROUNDS, hashToken, newApiToken, tokenPrefix } from '../../core/wire/tokens.js';
import { installGate } from '../../hub/http/authorize.js';
import { installBodyParser } from '../../hub/http/body.js';
import { installErrorHandling } from '../../hub/http/errors.js';
import { formBody } from '../../hub/http/form.js';
import { goneSignal } from '../../hub/http/gone.js';
import { IDENTIFIED, PUBLIC, requireDeclaredAccess, SIGNED_IN } from '../../hub/http/route-config.js';
import {
  ensureHubClient,
  RevocationFeed,
  registerOAuth,
  registerRevocations,
} from '../../hub/oauth/index.js';
import { HUB_CLIENT, loadRoles, planRoles, Rights } from '../../hub/rbac/index.js';
import {
  Accounts,
  ActivityRecorder,
  Admission,
  type AdmissionSettings,
  AuthRefresh,
  accountRights,
  Identities,
  registerSession,
  type SessionSettings,
  Sessions,
  SignIn,
  type SignInLimitSettings,
  SignInLimits,
  SignOut,
  sessionOf,
  TokenFinder,
} from '../../hub/session/index.js';
import { openStore, type Store, type UserRecord } from '../../hub/store/index.js';
import { ManualClock } from './clock.js';

export const PASSWORD = 'correct horse';

export interface TestHubOptions {
  readonly admission?: Partial<AdmissionSettings>;
  readonly session?: Partial<SessionSettings>;
  readonly limits?: Partial<SignInLimitSettings>;
  readonly account?: Partial<ConstructorParameters<typeof Accounts>[0]['settings']>;
  readonly refresh?: Partial<ConstructorParameters<typeof AuthRefresh>[0]['settings']>;
  readonly postAuthHook?: ConstructorParameters<typeof SignIn>[0]['settings']['post_auth_hook'];
  readonly cryptKeys?: readonly Uint8Array[];
  readonly requirePkce?: boolean;
  readonly revocationWaitMs?: number;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Knows one password, and says of users what `models` says. */
class OnePasswordAuthenticator implements Authenticator {
  readonly className = 'test.OnePassword';
  readonly models = new Map<string, Partial<AuthModel>>();
  readonly seen: Array<Readonly<Record<string, string>>> = [];
  refreshed: RefreshOutcome = { kind: 'valid' };
  refreshes = 0;
  addUser: (name: UserName) => Promise<void> = async () => undefined;

  async provision(): Promise<void> {
    await Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  async authenticate(data: Readonly<Record<string, string>>) {
    this.seen.push(data);
    if (data['password'] !== PASSWORD) return { kind: 'refused' } as const;
    const name = data['username'] ?? '';
    return { kind: 'authenticated', model: { name, ...this.models.get(name) } } as const;
  }

  async refreshUser(): Promise<RefreshOutcome> {
    this.refreshes += 1;
    return this.refreshed;
  }
}

export class TestHub {
  readonly clock: ManualClock;
  readonly lines: readonly LogLine[];
  readonly log: Log;
  readonly authenticator = new OnePasswordAuthenticator();
  /** Names of users who were deleted together with their servers. */
  readonly removed: string[] = [];
  readonly store: Store;
  readonly rights: Rights;
  readonly admission: Admission;
  readonly accounts: Accounts;
  readonly activity: ActivityRecorder;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly feed: RevocationFeed;
  readonly app: FastifyInstance;

  static async make(options: TestHubOptions = {}): Promise<TestHub> {
    const clock = new ManualClock();
    const lines: LogLine[] = [];
    const store = await openStore({ url: 'sqlite://', clock, log: recorder(lines) });
    const hub = new TestHub(store, clock, lines, options);
    await hub.#load();
    await hub.app.ready();
    return hub;
  }

  private constructor(store: Store, clock: ManualClock, lines: LogLine[], options: TestHubOptions) {
    const { authenticator } = this;
    const log = recorder(lines);
    this.clock = clock;
    this.lines = lines;
    this.log = log;
    this.store = store;
    this.rights = new Rights({ store, registry: new ScopeRegistry(), log });
    this.admission = new Admission({ ...ADMISSION, ...options.admission });
    this.accounts = new Accounts({
      store,
      rights: accountRights({ store, registry: this.rights.registry, configRoles: new Set(), log }),
      authenticator,
      admission: this.admission,
      identities: new Identities({ store, clock, log }),
      settings: { ...ACCOUNT, ...options.account },
      removeUser: async (user, remove) => {
        this.removed.push(user.name);
        await remove();
      },
      cryptKeeper: new CryptKeeper(options.cryptKeys ?? []),
      clock,
      log,
    });
    const refresh = new AuthRefresh({
      authenticator,
      accounts: this.accounts,
      settings: { auth_refresh_age: 300, auth_refresh_strict: false, ...options.refresh },
      clock,
      log,
    });
    this.activity = new ActivityRecorder({ store, clock, log, resolutionSeconds: 30 });
    this.sessions = new Sessions({
      store,
      settings: { ...SESSION, ...options.session },
      tokens: new TokenFinder(store, clock),
      activity: this.activity,
      refresh,
      clock,
      log,
    });
    this.signIn = new SignIn({
      authenticator,
      admission: this.admission,
      accounts: this.accounts,
      refresh,
      limits: new SignInLimits({ ...LIMITS, ...options.limits }, clock),
      settings: { post_auth_hook: options.postAuthHook ?? null },
      clock,
      log,
    });
    this.feed = new RevocationFeed({
      store,
      log,
      ...(options.revocationWaitMs && { waitMs: options.revocationWaitMs }),
    });
    this.app = this.#makeApp(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.feed[Symbol.dispose]();
    await this.app.close();
    await this.activity[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }

  async user(name: string): Promise<UserRecord> {
    const user = await this.store.users.byName(name);
    if (!user) throw new Error(`no user ${name}`);
    return user;
  }

  /** A token as REST would make it. */
  async token(
    user: UserRecord,
    token: { readonly note?: string; readonly scopes?: readonly string[]; readonly clientId?: string } = {},
  ): Promise<string> {
    const text = newApiToken();
    await this.store.tokens.create({
      userId: user.id,
      serviceId: null,
      hashed: hashToken(text, GENERATED_ROUNDS),
      prefix: tokenPrefix(text),
      clientId: token.clientId ?? HUB_CLIENT,
      sessionId: null,
      created: timestamp(this.clock.now()),
      expiresAt: null,
      note: token.note ?? '',
      scopes: token.scopes ?? ['inherit'],
    });
    return text;
  }

  browser(): Browser {
    return new Browser(this.app);
  }

  async #load(): Promise<void> {
    const { plan, faults } = planRoles(NO_ROLES, this.rights.registry);
    if (!plan) throw new Error(faults.join());
    await loadRoles(this.store, plan, { resetManaged: false, log: this.log });
    await ensureHubClient(this.store);
  }

  #makeApp(options: TestHubOptions): FastifyInstance {
    const { store, rights, clock, log, feed } = this;
    const app = fastify({ exposeHeadRoutes: false });
    installBodyParser(app);
    installErrorHandling(app, {
      log,
      apiPrefix: '/hub/api',
      renderErrorPage: async (_request, _reply, page) => `<p>${page.status} ${page.message}</p>`,
    });
    requireDeclaredAccess(app);
    registerSession(app, { sessions: this.sessions, apiPrefix: '/hub/api' });
    installGate(app, { rights, loginUrl: (request) => `/hub/login?next=${encodeURIComponent(request.url)}` });
    this.#registerPages(app);
    registerOAuth(app, {
      store,
      rights,
      clock,
      log,
      settings: {
        tokenLifetimeSeconds: 1_209_600,
        requirePkce: options.requirePkce ?? false,
      },
      hubPrefix: '/hub/',
      loginUrl: '/hub/login',
      renderPage: (request, reply, template, variables) =>
        reply.send(JSON.stringify({ template, xsrf: sessionOf(request).xsrfToken(), ...variables })),
    });
    registerRevocations(app, { feed, store, baseUrl: '/', apiPrefix: '/hub/api/' });
    return app;
  }

  #registerPages(app: FastifyInstance): void {
    const signOut = new SignOut({
      store: this.store,
      clock: this.clock,
      log: this.log,
      onRevoked: () => this.feed.ring(),
    });
    app.get('/hub/login', { config: { access: PUBLIC, answers: 'html' } }, (request, reply) =>
      reply.send(sessionOf(request).renewXsrf()),
    );
    app.post('/hub/login', { config: { access: PUBLIC, answers: 'html' } }, async (request, reply) => {
      const session = sessionOf(request);
      const { fields } = await formBody(request.body, request.headers['content-type']);
      const form = Object.fromEntries([...fields].map(([name, values]) => [name, values.at(-1) ?? '']));
      const outcome = await this.signIn.signIn(form, {
        remoteAddress: session.request.clientAddress,
        peerAddress: session.request.peerAddress,
        headers: request.headers,
        gone: goneSignal(reply),
      });
      if (outcome.kind === 'later') return reply.code(429).send();
      if (outcome.kind === 'refused') return reply.code(outcome.status).send(outcome.message);
      session.signIn(outcome.user);
      return reply.redirect('/hub/home', 302);
    });
    app.get('/hub/logout', { config: { access: PUBLIC, answers: 'html' } }, async (request, reply) => {
      await signOut.signOut(sessionOf(request));
      return reply.redirect('/hub/login', 302);
    });
    app.get('/hub/home', { config: { access: SIGNED_IN, answers: 'html' } }, (request, reply) =>
      reply.send(sessionOf(request).xsrfToken()),
    );
    const upload = { config: { access: SIGNED_IN, answers: 'html' }, bodyLimit: 10 * 1024 * 1024 } as const;
    app.post('/hub/home', upload, async (request) => {
      const { fields, files } = await formBody(request.body, request.headers['content-type']);
      return { fields: [...fields.keys()], octets: files.get('file')?.[0]?.body.length };
    });
    const who = { config: { access: IDENTIFIED, answers: 'json' } } as const;
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      app.route({
        method,
        url: '/hub/api/user',
        ...who,
        handler: async ({ principal }) => describe(principal),
      });
    }
  }
}

function describe(principal: import('../../hub/principal.js').Principal): object {
  if (principal.kind === 'anonymous') return { kind: 'anonymous' };
  return {
    kind: principal.kind,
    name: principal.kind === 'user' ? principal.user.name : principal.service.name,
    via: principal.via.kind,
  };
}

/** Keeps cookies as a browser does that visits one host, and sends what browsers send. */
export class Browser {
  readonly #app: FastifyInstance;
  readonly cookies = new Map<string, string>();

  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  async send(options: InjectOptions & { readonly mode?: string | null }) {
    const { mode = 'navigate', ...request } = options;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await this.#app.inject({
      ...request,
      headers: {
        ...(cookie !== '' && { cookie }),
        ...(mode !== null && { 'sec-fetch-mode': mode, 'sec-fetch-site': 'same-origin' }),
        ...request.headers,
      },
    });
    for (const header of [response.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = header.split(';');
      const at = pair.indexOf('=');
      const value = pair.slice(at + 1);
      if (value === '""') this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), value);
    }
    return response;
  }

  get(url: string, headers: Record<string, string> = {}) {
    return this.send({ method: 'GET', url, headers });
  }

  /** Posts a form with the XSRF token of the cookie. */
  post(url: string, fields: Readonly<Record<string, string>>) {
    const payload = new URLSearchParams({ ...fields, _xsrf: this.cookies.get('_xsrf') ?? '' }).toString();
    return this.send({
      method: 'POST',
      url,
      payload,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }

  async signIn(username: string, password = PASSWORD) {
    await this.get('/hub/login');
    return this.post('/hub/login', { username, password });
  }
}

function recorder(lines: LogLine[]): Log {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => recorder(lines),
  };
}

const ADMISSION: AdmissionSettings = {
  admin_users: new Set(),
  allow_all: true,
  allow_existing_users: false,
  allowed_users: new Set(),
  blocked_users: new Set(),
  username_map: {},
  username_pattern: '',
};

const ACCOUNT = {
  enable_auth_state: false,
  manage_groups: false,
  manage_roles: false,
  reconcile_auth_state_hook: null,
};

const LIMITS: SignInLimitSettings = {
  login_failures_before_backoff: 5,
  login_backoff_base_seconds: 1,
  login_backoff_max_seconds: 30,
  login_failures_per_minute_per_address: 300,
};

const SESSION: SessionSettings = {
  cookieSecret: Buffer.alloc(32, 7),
  baseUrl: '/',
  cookieHostPrefixEnabled: false,
  cookieMaxAgeDays: 14,
  cookieOptions: {},
  xsrfCookieOptions: {},
  publicUrl: undefined,
  cookieDomain: undefined,
  activityResolutionSeconds: 30,
  addresses: { trusted: new AddressBlocks([]), isOwnProxy: (address) => address === '127.0.0.1' },
  anonymousIds: { blocks: new AddressBlocks([]), headers: ['User-Agent'] },
};

const NO_ROLES = {
  customScopes: {},
  loadRoles: [],
  managedRoles: [],
  extraUserScopes: [],
};
