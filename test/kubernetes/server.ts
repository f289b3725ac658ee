/**
 * A Kubernetes API server for tests: real HTTP, real verbs, versions, watches, refusals. It keeps pods, services, secrets, configmaps,
 * claims, namespaces, events, service accounts, quotas and RBAC's objects in memory, checks fields strictly against
 * Kubernetes' own description, and does wrong what a test asks for (`faults`, `watches`, `silence`). What it answers
 * is compared with a real API server by `conversation.test.ts`.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Account, MASTERS, serviceAccount } from './api/access.js';
import { runControllers } from './api/controllers.js';
import { exchange, type LogSource } from './api/exchange.js';
import { Faults } from './api/faults.js';
import { Handlers } from './api/handlers.js';
import { kindOf } from './api/kinds.js';
import { podLog } from './api/pod-log.js';
import { Store } from './api/store.js';
import { Watches } from './api/watches.js';

export interface ApiServerOptions {
  /** Milliseconds between bookmarks; a real server sends one each minute. */
  readonly bookmarkMs?: number;
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string };
  readonly port?: number;
  /** False: as an API server alone, without kube-controller-manager. Default true. */
  readonly controllers?: boolean;
}

export class TestApiServer implements AsyncDisposable {
  readonly store = new Store();
  readonly faults = new Faults();
  readonly watches: Watches;
  /** A token of somebody who may do everything. */
  readonly adminToken = randomBytes(16).toString('hex');
  /** Of pods; set by the node agent. */
  logs: LogSource | undefined;
  readonly #accounts = new Map<string, Account>([[this.adminToken, MASTERS]]);
  readonly #controllers: Disposable | undefined;
  readonly #tls: ApiServerOptions['tls'];
  readonly #handlers = new Handlers(this.store);
  #server: Server;
  #port: number;
  #silent = false;
  #held: Array<() => void> = [];
  /** Requests that were heard, as `GET /api/v1/pods`. */
  readonly heard: string[] = [];

  constructor(options: ApiServerOptions = {}) {
    this.watches = new Watches(this.store, options.bookmarkMs ?? 60_000);
    this.#tls = options.tls;
    this.#port = options.port ?? 0;
    this.#controllers = options.controllers === false ? undefined : runControllers(this.store);
    this.#server = this.#make();
    for (const name of ['default', 'kube-system']) this.store.insert(kindOf('namespaces'), namespaceOf(name));
  }

  get url(): string {
    return `${this.#tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  /** Listens, at the same port each time. */
  async listen(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#make();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses connections and cuts those there are, as a server that went down; `listen` brings it back. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Takes connections and never answers; watches freeze. `speak` answers what came meanwhile. */
  silence(): void {
    this.#silent = true;
    this.watches.freeze();
  }

  speak(): void {
    this.#silent = false;
    for (const answer of this.#held.splice(0)) answer();
  }

  /** A token for a service account (which need not exist). */
  serviceAccountToken(namespace: string, name: string): string {
    const token = randomBytes(16).toString('hex');
    this.#accounts.set(token, serviceAccount(namespace, name));
    return token;
  }

  /** A token for a user of that name, in no group. */
  userToken(name: string): string {
    const token = randomBytes(16).toString('hex');
    this.#accounts.set(token, { name, groups: ['system:authenticated'] });
    return token;
  }

  revoke(token: string): void {
    this.#accounts.delete(token);
  }

  createNamespace(name: string): void {
    this.store.insert(kindOf('namespaces'), namespaceOf(name));
  }

  /** A kubeconfig for a token, as JSON, which is YAML. */
  kubeconfig(token: string = this.adminToken, namespace = 'default'): string {
    const trust = this.#tls
      ? { 'certificate-authority-data': Buffer.from(this.#tls.ca).toString('base64') }
      : { 'insecure-skip-tls-verify': true };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: this.url, ...trust } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
      'current-context': 'test',
    });
  }

  async writeKubeconfig(path: string, token?: string, namespace?: string): Promise<void> {
    await writeFile(path, this.kubeconfig(token, namespace), { mode: 0o600 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controllers?.[Symbol.dispose]();
    await this.refuse();
  }

  #make(): Server {
    const parts = {
      store: this.store,
      handlers: this.#handlers,
      watches: this.watches,
      faults: this.faults,
      accounts: this.#accounts,
      log: (request: Parameters<typeof podLog>[2]) => podLog(this.store, this.logs, request),
    };
    const answer: RequestListener = (request, response) => {
      this.heard.push(`${request.method} ${request.url}`);
      if (this.heard.length > 20_000) this.heard.splice(0, 10_000);
      const go = (): void => void exchange(parts, request, response);
      if (this.#silent) this.#held.push(go);
      else go();
    };
    return this.#tls ? createHttpsServer(this.#tls, answer) : createHttpServer(answer);
  }
}

function namespaceOf(name: string) {
  return {
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<TestApiServer> {
  const server = new TestApiServer(options);
  await server.listen();
  return server;
}
