import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions as HttpsOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import { abortable } from './abortable.js';
import type { ConnectOptions } from './connect.js';
import { KubeError } from './error.js';

/** The file in which a pod finds the token of its service account (Kubernetes, "Accessing the API from a Pod"). */
const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
/** Exec plug-ins and token files are asked anew after this; client-node keeps a file's token for a minute itself. */
const KEEP_MS = 10_000;
/** Longest that an exec plug-in may take. */
const PLUGIN_MS = 30_000;
/** Sockets of calls at once; 500 starts wait here rather than in the server's queue. */
const CALL_SOCKETS = 48;

/** What one request needs to be ours. */
export interface Applied {
  readonly headers: Readonly<Record<string, string>>;
  /** Short calls share kept connections; watches have their own, so that they cannot use those up. */
  readonly calls: HttpAgent;
  readonly watches: HttpAgent;
}

interface Agents {
  readonly key: string;
  readonly calls: HttpAgent;
  readonly watches: HttpAgent;
}

/**
 * Who we are at the API server, by @kubernetes/client-node's `KubeConfig`: the service account of the pod we run in,
 * else KUBECONFIG, else ~/.kube/config (KubeSpawner 7's order), with its exec plug-ins, token files and client
 * certificates. The requests are made by `transport.ts`: client-node's generated clients drop fields they do not know, open
 * a connection for each request and take no limits.
 */
export class Credentials implements Disposable {
  readonly #options: ConnectOptions;
  readonly #clock: Clock;
  #config: KubeConfig;
  #applied: { readonly until: number; readonly value: Promise<Applied> } | undefined;
  #agents: Agents | undefined;
  #last: Applied | undefined;
  #reload = false;

  private constructor(options: ConnectOptions, clock: Clock, config: KubeConfig) {
    this.#options = options;
    this.#clock = clock;
    this.#config = config;
  }

  /** @throws KubeError `Credentials` when there is no usable configuration */
  static async load(options: ConnectOptions, clock: Clock): Promise<Credentials> {
    const credentials = new Credentials(options, clock, await loadConfig(options));
    await credentials.current();
    return credentials;
  }

  get server(): string {
    return (this.#config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
  }

  get namespace(): string {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim() || 'default';
  }

  /** Headers and connections for a request now; one look at files and plug-ins serves many requests. */
  current(): Promise<Applied> {
    const now = this.#clock.monotonic();
    if (this.#applied && now < this.#applied.until) return this.#applied.value;
    const value = this.#apply();
    const applied = { until: now + KEEP_MS, value };
    this.#applied = applied;
    value.catch(() => {
      if (this.#applied === applied) this.#applied = undefined;
    });
    return value;
  }

  /** The server did not know us (401): everything is read anew, the kubeconfig too. */
  invalidate(used: Applied): void {
    if (used !== this.#last) return;
    this.#applied = undefined;
    this.#reload = true;
  }

  [Symbol.dispose](): void {
    this.#agents?.calls.destroy();
    this.#agents?.watches.destroy();
  }

  async #apply(): Promise<Applied> {
    if (this.#reload) {
      this.#config = await loadConfig(this.#options);
      this.#reload = false;
    }
    const options: HttpsOptions = {};
    const limit = AbortSignal.timeout(PLUGIN_MS);
    try {
      await abortable(this.#config.applyToHTTPSOptions(options), limit);
    } catch (error) {
      throw credentialsError(limit.aborted ? `no answer within ${PLUGIN_MS} ms` : messageOf(error), error);
    }
    const { calls, watches } = this.#agentsFor(options);
    this.#last = { headers: headersOf(options), calls, watches };
    return this.#last;
  }

  /** Connections stay while the same certificates lead to them. */
  #agentsFor(options: HttpsOptions): Agents {
    const tls = {
      ca: options.ca,
      cert: options.cert,
      key: options.key,
      rejectUnauthorized: options.rejectUnauthorized,
      servername: options.servername,
    };
    const proxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('hex');
    if (this.#agents?.key === key) return this.#agents;
    for (const sockets of Object.values(this.#agents?.calls.freeSockets ?? {}))
      for (const socket of sockets ?? []) socket.destroy();
    const set = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    const make = (maxSockets: number): HttpAgent => {
      if (proxied && options.agent instanceof HttpAgent) return options.agent;
      const kept = { keepAlive: true, maxSockets, scheduling: 'lifo' } as const;
      return this.server.startsWith('http:') ? new HttpAgent(kept) : new HttpsAgent({ ...kept, ...set });
    };
    this.#agents = { key, calls: make(CALL_SOCKETS), watches: make(Number.POSITIVE_INFINITY) };
    return this.#agents;
  }
}

async function loadConfig(options: ConnectOptions): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    if (await insideCluster()) config.loadFromCluster();
    else if (await hasKubeconfig()) config.loadFromDefault();
    else
      throw new Error(
        'no service account of a pod, no KUBECONFIG and no ~/.kube/config: the cluster is not known',
      );
  } catch (error) {
    throw credentialsError(messageOf(error), error);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw credentialsError(`the kubeconfig has no cluster for its context ${config.getCurrentContext()}`);
  const changed = {
    ...cluster,
    ...(options.host ? { server: options.host } : {}),
    ...(options.caFile ? { caFile: options.caFile } : {}),
    ...(options.verifyTls === undefined ? {} : { skipTLSVerify: !options.verifyTls }),
  };
  // client-node refuses http: without this; there is no certificate to verify
  if (changed.server.startsWith('http:')) changed.skipTLSVerify = true;
  config.clusters = config.clusters.map((one) => (one.name === cluster.name ? changed : one));
  return config;
}

async function insideCluster(): Promise<boolean> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  return Boolean(host && port) && (await readable(SERVICE_ACCOUNT_TOKEN));
}

async function hasKubeconfig(): Promise<boolean> {
  if (process.env['KUBECONFIG']) return true;
  const home = process.env['HOME'];
  return home !== undefined && (await readable(`${home}/.kube/config`));
}

function readable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function headersOf(options: HttpsOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  // a token file may end with a line feed, which no header can hold
  for (const [name, value] of Object.entries(options.headers ?? {}))
    if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

function credentialsError(message: string, cause?: unknown): KubeError {
  return new KubeError({
    status: 0,
    reason: 'Credentials',
    message: `No credentials for the Kubernetes API: ${message}`,
    processed: 'no',
    cause,
  });
}
