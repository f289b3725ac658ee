/**
 * The administrators' pages over the real API, rights, sessions and store of a `TestHub`; servers are states in memory.
 */
import fastify, { type FastifyInstance } from 'fastify';
import { serverPath } from '../../core/model/names.js';
import type { ApiContext } from '../../hub/api/context.js';
import { registerGroups } from '../../hub/api/groups/groups.js';
import { registerServers } from '../../hub/api/servers/servers.js';
import { UserModels } from '../../hub/api/users/user-models.js';
import { registerUserWrites } from '../../hub/api/users/write.js';
import { installGate } from '../../hub/http/authorize.js';
import { installBodyParser } from '../../hub/http/body.js';
import { httpError, installErrorHandling } from '../../hub/http/errors.js';
import { parseQuery } from '../../hub/http/query.js';
import { requireDeclaredAccess } from '../../hub/http/route-config.js';
import { NamedServers } from '../../hub/named-servers.js';
import { registerAdmin } from '../../hub/pages/admin/index.js';
import type { AdminOptions } from '../../hub/pages/admin/options.js';
import type { PageContext, ServerStatus } from '../../hub/pages/context.js';
import { createRenderer } from '../../hub/pages/renderer.js';
import { registerSession, sessionOf } from '../../hub/session/index.js';
import type { SpawnerRecord, UserRecord } from '../../hub/store/types.js';
import type { TestHub } from './hub.js';

const PREFIX = '/hub/api/';
const SERVER = { proto: 'http', ip: '127.0.0.1', port: 1, baseUrl: '/' };

export class AdminApp {
  readonly app: FastifyInstance;
  /** `alice/gpu` to what goes wrong when it is started or stopped. */
  readonly broken = new Map<string, string>();
  readonly shutdowns: unknown[] = [];
  /** Requests to the API, as `POST users/alice/server`. */
  readonly calls: string[] = [];
  spawnerTroubles: readonly string[] = [];
  breaker: ReturnType<AdminOptions['breaker']> = { state: 'closed', failures: 0 };
  readonly #hub: TestHub;
  readonly #pending = new Map<string, 'spawn' | 'stop'>();
  readonly #ready = new Set<string>();

  constructor(hub: TestHub, options: { readonly pageSize?: number } = {}) {
    this.#hub = hub;
    const { store, rights, log, clock } = hub;
    const urls = { baseUrl: '/', publicOrigin: undefined };
    const view = (user: UserRecord, spawner: SpawnerRecord) => ({
      spawner,
      ...this.status(user, spawner.name),
      url: serverPath('/', user.name, spawner.name),
    });
    const models = new UserModels({
      store,
      urls,
      serverView: view,
      waiting: () => new Set(),
      lastActivity: (user) => user.lastActivity,
    });
    const api: ApiContext = {
      store,
      rights,
      models,
      limits: { byDefault: 50, max: 200 },
      log,
      clock,
      authState: async () => null,
      activity: {
        user: async () => undefined,
        server: async () => undefined,
        flush: async () => undefined,
        ofToken: (given) => given.lastActivity,
      },
      prefix: PREFIX,
    };
    const named = new NamedServers(store, {
      allowNamedServers: true,
      limitPerUser: 0,
      invalidNamesMayStart: false,
    });
    const app = fastify({
      exposeHeadRoutes: false,
      routerOptions: { maxParamLength: 1024, querystringParser: parseQuery },
    });
    this.app = app;
    installBodyParser(app);
    installErrorHandling(app, {
      log,
      apiPrefix: PREFIX,
      renderErrorPage: async (_request, _reply, page) => `<p>${page.status} ${page.message}</p>`,
    });
    requireDeclaredAccess(app);
    app.addHook('onRequest', async (request) => {
      if (request.url.startsWith(PREFIX))
        this.calls.push(`${request.method} ${request.url.slice(PREFIX.length)}`);
    });
    registerSession(app, { sessions: hub.sessions, apiPrefix: PREFIX });
    installGate(app, { rights, loginUrl: () => '/hub/login' });
    registerServers(app, api, {
      servers: this.#apiServers(view),
      named,
      urls,
      slowSpawnMs: 1,
      slowStopMs: 1,
    });
    registerUserWrites(app, api, {
      normalize: (name) => name.toLowerCase(),
      validate: (name) => hub.admission.parse(name),
      added: async () => undefined,
      removed: async () => undefined,
      saveAuthState: async () => undefined,
      removeWithServers: async (user, remove) => {
        if (this.broken.has(`${user.name}/`)) throw httpError(400, this.broken.get(`${user.name}/`));
        await remove();
      },
      rename: async (user, write) => {
        if ([...this.#ready].some((key) => key.startsWith(`${user.id}/`)))
          throw httpError(400, `${user.name} has active servers.`);
        await write();
      },
    });
    registerGroups(app, api, { normalize: (name) => name.toLowerCase() });
    registerAdmin(app, this.#pages(), {
      models,
      pageSize: options.pageSize ?? 50,
      serverVersion: '6.1.1',
      apiPrefix: PREFIX,
      clock,
      flushActivity: async () => undefined,
      breaker: () => this.breaker,
      spawnerTroubles: () => this.spawnerTroubles,
      readyUsers: () => [...this.#ready].map((key) => Number(key.split('/', 1)[0])),
      authState: async () => null,
      onShutdownRequest: (request) => this.shutdowns.push(request),
    });
  }

  status(user: Pick<UserRecord, 'id'>, server: string): ServerStatus {
    const key = `${user.id}/${server}`;
    const pending = this.#pending.get(key) ?? null;
    return { pending, ready: pending === null && this.#ready.has(key) };
  }

  async run(user: UserRecord, server = ''): Promise<void> {
    const spawner = await this.#hub.store.spawners.find(user.id, server);
    if (!spawner) throw new Error(`no server ${server}`);
    await this.#hub.store.spawners.setServer(spawner.id, SERVER);
    this.#ready.add(`${user.id}/${server}`);
  }

  hold(user: UserRecord, server: string, pending: 'spawn' | 'stop'): void {
    this.#pending.set(`${user.id}/${server}`, pending);
  }

  #apiServers(
    view: (
      user: UserRecord,
      spawner: SpawnerRecord,
    ) => ReturnType<AdminApp['status']> & { spawner: SpawnerRecord; url: string },
  ) {
    const demandWhole = (user: UserRecord, server: string): void => {
      const words = this.broken.get(`${user.name}/${server}`);
      if (words !== undefined) throw httpError(500, words);
    };
    return {
      checkOptions: async () => undefined,
      status: (user: UserRecord, server: string) => this.status(user, server),
      check: async (user: UserRecord, server: string) => this.status(user, server).ready,
      start: async (user: UserRecord, server: string) => {
        demandWhole(user, server);
        await this.run(user, server);
      },
      stop: async (user: UserRecord, server: string) => {
        demandWhole(user, server);
        this.#ready.delete(`${user.id}/${server}`);
        const spawner = await this.#hub.store.spawners.find(user.id, server);
        if (spawner) await this.#hub.store.spawners.clearServer(spawner.id, user.created ?? spawner.started!);
      },
      remove: async (user: UserRecord, server: string) => {
        const spawner = await this.#hub.store.spawners.find(user.id, server);
        if (spawner) await this.#hub.store.spawners.delete(spawner.id);
      },
      rename: async () => undefined,
      view,
    };
  }

  #pages(): PageContext {
    const { store, log } = this.#hub;
    const urls = {
      baseUrl: '/',
      hubPrefix: '/hub/',
      loginUrl: '/hub/login',
      logoutUrl: '/hub/logout',
      hubOrigin: '',
      cookieDomain: undefined,
    };
    return {
      urls,
      store,
      log,
      loginService: '',
      renderer: createRenderer({
        templatePaths: [],
        staticUrl: '/hub/static/',
        globals: { hub_name: 'Test' },
      }),
      // What the pages of this test ask for; anything else would be a TypeError.
      servers: {
        status: (user: UserRecord, server: string) => this.status(user, server),
        url: (user: UserRecord, server: string) => serverPath('/', user.name, server),
      } as PageContext['servers'],
      sessions: {
        xsrfToken: (request) => sessionOf(request).xsrfToken(),
        nextUrl: async () => '/hub/home',
        landing: async () => '/hub/home',
        validated: (_request, target) => (target.startsWith('/') ? target : ''),
      },
      allowNamedServers: true,
      namedServerLimit: async () => 0,
      templateVars: {},
      services: () => [],
      sharedAccount: undefined,
    };
  }
}
