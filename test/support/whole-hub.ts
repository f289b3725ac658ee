/**
 * The whole hub as its configuration makes it, asked without a socket: everything is real but the proxy, which is a table
 * in memory. Servers are processes of the tiny server, so that a hub can be restarted over them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { FastifyInstance } from 'fastify';
import { HUB_GRAMMAR } from '../../cli/grammar.js';
import { loadConfig } from '../../cli/load-config.js';
import { systemClock } from '../../core/clock.js';
import { parseArguments } from '../../core/config/argv.js';
import { Disposables } from '../../core/lifecycle.js';
import { silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { AuthenticatorKind } from '../../core/plugin/authenticator.js';
import type { AuthenticatorConfig } from '../../core/plugin/authenticator-traits.js';
import type { ProxyClient } from '../../core/plugin/proxy-client.js';
import type { SpawnerKind } from '../../core/plugin/spawner.js';
import type { SpawnerConfig } from '../../core/plugin/spawner-traits.js';
import { hubAddresses } from '../../hub/addresses.js';
import { JupyterHubClass } from '../../hub/config.js';
import { chooseSpawner } from '../../hub/lifecycle/index.js';
import { type HubParts, makeParts } from '../../hub/parts/index.js';
import { prepareParts } from '../../hub/parts/prepared.js';
import { driver } from '../../hub/store/sqlite/driver.js';
import { TableProxy } from '../suites/lifecycle-fixture.js';
import { TINY_SERVER } from '../suites/tiny-server-path.js';
import { Browser } from './hub.js';

/** Of the service `root`, which may do everything. */
const ROOT_TOKEN = 'token-of-the-service-root';
const START_MS = 20_000;

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const nothing = async (): Promise<void> => undefined;

class WholeProxy extends TableProxy implements ProxyClient {
  readonly startedHere = true;
  readonly provision = nothing;
  readonly stop = nothing;
  readonly [Symbol.asyncDispose] = nothing;
  readonly reconfigure = () => undefined;
}

export class WholeHub implements AsyncDisposable {
  readonly proxy = new WholeProxy();
  readonly rootToken = ROOT_TOKEN;
  /** `/`-bounded application prefix. */
  readonly base: string;
  readonly #folder: string;
  readonly #sections: Sections;
  #parts: HubParts | undefined;
  #resources = new Disposables();

  private constructor(folder: string, sections: Sections) {
    this.#folder = folder;
    this.#sections = sections;
    this.base = String(sections['JupyterHub']?.['base_url'] ?? '/');
  }

  /** @param change laid over the configuration, class by class; `services` are added to it */
  static async start(change: Sections = {}): Promise<WholeHub> {
    const folder = await mkdtemp(join(tmpdir(), 'anteroom-whole-'));
    const { services = [], load_roles: roles = [], ...rest } = change['JupyterHub'] ?? {};
    const hub = new WholeHub(folder, {
      ...change,
      JupyterHub: {
        authenticator_class: 'dummy',
        spawner_class: 'simple',
        cleanup_servers: false,
        db_url: `sqlite:///${join(folder, 'jupyterhub.sqlite')}`,
        services: [{ name: 'root', api_token: ROOT_TOKEN, admin: true }, ...(services as object[])],
        load_roles: roles,
        ...rest,
      },
      Authenticator: { allow_all: true, admin_users: ['root'], ...change['Authenticator'] },
      Spawner: { cmd: [process.execPath, TINY_SERVER], ...change['Spawner'] },
      SimpleLocalProcessSpawner: { home_dir_template: join(folder, 'homes/{username}') },
      Anteroom: { allow_shared_uid: true },
    });
    await hub.#begin();
    return hub;
  }

  get app(): FastifyInstance {
    if (!this.#parts) throw new Error('this hub does not run');
    return this.#parts.app;
  }

  get routes(): readonly string[] {
    return [...this.proxy.table.keys()];
  }

  /**
   * The hub ends and another begins, over the same database and the servers that live on.
   * @param meanwhile what another hub does with the database
   */
  async restart(meanwhile?: (database: Database.Database) => void): Promise<void> {
    await this.#end(false);
    this.proxy.table.clear();
    if (meanwhile) {
      const database = new driver(join(this.#folder, 'jupyterhub.sqlite'));
      meanwhile(database);
      database.close();
    }
    await this.#begin();
  }

  browser(): Browser {
    return new Browser(this.app);
  }

  async signedIn(name: string): Promise<Browser> {
    const browser = this.browser();
    const login = `${this.base}hub/login`;
    await browser.get(login);
    const answer = await browser.post(login, { username: name, password: 'x' });
    if (answer.statusCode !== 302) throw new Error(`${name} was answered ${answer.statusCode}`);
    return browser;
  }

  /** A request of the service `root` to the REST API. */
  async api(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: JsonObject) {
    const answer = await this.ask(method, `hub/api/${path}`, ROOT_TOKEN, {}, body);
    if (answer.statusCode >= 400) throw new Error(`${path} was answered ${answer.statusCode} ${answer.body}`);
    return answer.body === '' ? null : answer.json();
  }

  /** @param path below the application prefix */
  ask(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    token: string,
    headers: Readonly<Record<string, string>> = {},
    body?: JsonObject,
  ) {
    return this.app.inject({
      method,
      url: `${this.base}${path}`,
      headers: { authorization: `token ${token}`, ...headers },
      ...(body && { payload: JSON.stringify(body) }),
    });
  }

  /** @param server as the API's paths have it: `server` or `servers/NAME` */
  async startServer(user: string, server = 'server'): Promise<void> {
    await this.api('POST', `users/${encodeURIComponent(user)}/${server}`);
    await this.untilReady(user, server.replace(/^servers?\/?/, ''));
  }

  async untilReady(user: string, name = ''): Promise<void> {
    const path = `users/${encodeURIComponent(user)}`;
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(20)) {
      if ((await this.api('GET', path)).servers[name]?.ready) return;
    }
    throw new Error(`the server of ${user} did not get ready in time`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(true);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    await writeFile(join(this.#folder, 'jupyterhub_config.json'), JSON.stringify(this.#sections));
    const given = parseArguments([], HUB_GRAMMAR);
    const loaded = await loadConfig({ arguments: given, env: {}, cwd: this.#folder });
    if (loaded.faults.length > 0) throw new Error(loaded.faults.join('\n'));
    const { config, plugins } = loaded;
    const around = { log: silentLog, clock: systemClock };
    const authenticator = (await plugins.authenticator.load()) as AuthenticatorKind<AuthenticatorConfig>;
    const spawner = (await plugins.spawner.load()) as SpawnerKind<SpawnerConfig>;
    const { selected } = config;
    const hub = config.of(JupyterHubClass);
    this.#resources = new Disposables();
    const common = { config, environment: { PATH: process.env['PATH'] }, cwd: this.#folder };
    const parts = await makeParts(
      {
        ...around,
        ...common,
        prepared: await prepareParts({ ...common, log: around.log }),
        authenticator: authenticator.create({
          ...around,
          config: config.of(selected.authenticator),
          passwordFile: '',
          resetPasswords: false,
          announce: () => undefined,
        }),
        spawner: chooseSpawner(spawner, selected.spawner, config.of(selected.spawner), around),
        proxy: this.proxy,
        extraRoutes: {},
        onShutdownRequest: () => undefined,
      },
      hubAddresses(hub),
      this.#resources,
    );
    this.#parts = parts;
    await parts.app.ready();
    await parts.lifecycle.load();
    await parts.lifecycle.adoptAll();
    await parts.lifecycle.reconcileRoutes();
  }

  async #end(stopServers: boolean): Promise<void> {
    await this.#parts?.lifecycle.shutdown({ stopServers });
    this.#parts = undefined;
    await this.#resources[Symbol.asyncDispose]();
  }
}
