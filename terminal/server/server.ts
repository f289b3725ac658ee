/**
 * Owns: the parts of one single-user server put together: listening, and stopping in order.
 * Does not own: process, signals, environment variables (main.ts).
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import { HubClient, type RevocationPage } from '../../core/hub-client/index.js';
import { Disposables, type Provisioned } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import { CLOSE } from '../protocol/close-codes.js';
import { ActivityReporter } from './activity.js';
import { Gate } from './auth/gate.js';
import { Identities } from './auth/identities.js';
import { Jar } from './auth/jar.js';
import { LiveSockets } from './auth/live-sockets.js';
import { SecretBox } from './auth/secret-box.js';
import { SignIn } from './auth/sign-in.js';
import type { ServerEnvironment } from './environment.js';
import { Handler, type HandlerParts } from './http/handler.js';
import { TerminalPage } from './http/page.js';
import { HubVersion } from './hub-version.js';
import { RevocationFollower } from './revocations.js';
import type { SpawnPty } from './sessions/pty.js';
import { SessionRegistry } from './sessions/registry.js';
import type { ShellCommand } from './sessions/shell.js';
import { UpgradeGate } from './sockets/upgrade.js';

export interface TerminalServerOptions {
  readonly env: ServerEnvironment;
  readonly command: () => ShellCommand;
  readonly spawn: SpawnPty;
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Milliseconds between checks of open sockets' tokens; default a minute. */
  readonly recheckMs?: number;
  readonly heartbeatMs?: number;
  readonly maxSessions?: number;
}

/** How long shells may take to say goodbye when the server stops; KubeSpawner kills after one second. */
const GOODBYE_MS = 400;

export class TerminalServer implements Provisioned {
  readonly #options: TerminalServerOptions;
  readonly #hub: HubClient;
  readonly #sockets: LiveSockets;
  readonly #identities: Identities;
  readonly #sessions: SessionRegistry;
  readonly #activity: ActivityReporter;
  readonly #version = new HubVersion();
  readonly #parts: HandlerParts;
  readonly #undo = new Disposables();
  #server: Server | undefined;

  constructor(options: TerminalServerOptions) {
    const { env, log } = options;
    this.#options = options;
    this.#hub = new HubClient({ apiUrl: env.apiUrl, token: env.apiToken, tls: env.tls });
    this.#activity = new ActivityReporter({
      report: (at) => this.#report(at),
      intervalMs: env.activityUrl === undefined ? 0 : env.activityIntervalMs,
      log,
    });
    this.#identities = new Identities({ ask: (token) => this.#hub.whoami(token) });
    this.#sessions = new SessionRegistry({
      spawn: options.spawn,
      command: options.command,
      log,
      onInput: () => this.#activity.note(),
      ...(options.maxSessions === undefined ? {} : { maxSessions: options.maxSessions }),
    });
    this.#sockets = new LiveSockets({
      identities: this.#identities,
      accessScopes: env.accessScopes,
      log,
      ...(options.recheckMs === undefined ? {} : { recheckMs: options.recheckMs }),
    });
    this.#parts = this.#assemble();
  }

  get sessions(): SessionRegistry {
    return this.#sessions;
  }

  /** Where it listens; only after `provision`. */
  get address(): AddressInfo {
    const address = this.#server?.address();
    if (!address || typeof address === 'string') throw new Error('not listening on an address');
    return address;
  }

  /** Listens. @throws what `listen` throws: the address is taken or not ours */
  async provision(): Promise<void> {
    const handler = new Handler(this.#parts);
    const gate = new UpgradeGate(this.#parts, this.#options.heartbeatMs);
    const server = this.#createServer((request, response) => {
      handler.handle(request, response).catch((error: unknown) => {
        this.#options.log.error('request broke', { error: messageOf(error) });
        response.destroy();
      });
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      gate.handle(request, socket, head).catch((error: unknown) => {
        this.#options.log.error('upgrade broke', { error: messageOf(error) });
        socket.destroy();
      });
    });
    this.#server = server;
    this.#undo.defer(() => this.#hub[Symbol.dispose]());
    this.#undo.defer(() => closeServer(server));
    this.#undo.defer(() => gate[Symbol.dispose]());
    this.#undo.defer(() => this.#sockets[Symbol.dispose]());
    this.#undo.defer(() => this.#activity[Symbol.dispose]());
    await listen(server, this.#options.env.listen);
  }

  /**
   * What goes on beside answering: version, activity, revocations. Not before listening, and not waited for.
   * @returns resolves to false when no hub answered at the start
   */
  follow(): Promise<boolean> {
    const { log, clock = systemClock } = this.#options;
    this.#activity.start();
    const follower = new RevocationFollower({
      wait: (cursor, signal) => this.#hub.revocations(cursor, signal),
      onPage: (page) => this.#revoke(page),
      clock,
      log,
    });
    this.#undo.defer(() => follower[Symbol.dispose]());
    follower.run().catch((error: unknown) => log.error('revocations broke', { error: messageOf(error) }));
    return this.#version.learn(() => this.#hub.version(), clock, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sockets.closeAll(CLOSE.stopping, 'the server is stopping');
    await this.#sessions.close(GOODBYE_MS);
    await this.#undo[Symbol.asyncDispose]();
  }

  #assemble(): HandlerParts {
    const { env, log, pageFolder } = this.#options;
    const jar = new Jar(env, new SecretBox(env.apiToken));
    const gate = new Gate(env, this.#identities, jar);
    return {
      env,
      gate,
      jar,
      signIn: new SignIn({ env, hub: this.#hub, jar, gate, identities: this.#identities, log }),
      sockets: this.#sockets,
      sessions: this.#sessions,
      page: new TerminalPage(pageFolder),
      version: this.#version,
      activity: this.#activity,
      log,
    };
  }

  #createServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
    const { tls } = this.#options.env;
    const limits = { headersTimeout: 20_000, requestTimeout: 60_000, keepAliveTimeout: 75_000 };
    if (!tls) return createHttpServer(limits, listener);
    return createHttpsServer({ ...limits, ...tls, requestCert: true, rejectUnauthorized: true }, listener);
  }

  #revoke(page: RevocationPage): void {
    for (const revocation of page.revoked) this.#sockets.revoke(revocation);
    if (!page.reset) return;
    this.#identities.clear();
    this.#sockets.recheck().catch((error: unknown) => {
      this.#options.log.error('token check failed', { error: messageOf(error) });
    });
  }

  async #report(at: Date): Promise<void> {
    const { activityUrl, serverName } = this.#options.env;
    if (activityUrl !== undefined) await this.#hub.reportActivity(activityUrl, serverName, at);
  }
}

function listen(server: Server, target: ServerEnvironment['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.removeListener('error', reject);
      resolve();
    });
    if (target.kind === 'descriptor') server.listen({ fd: target.fd });
    else if (target.host === undefined) server.listen(target.port);
    else server.listen(target.port, target.host);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
