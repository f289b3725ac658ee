import { createHmac, randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../core/clock.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { ServerAddress, Spawner } from '../../core/plugin/spawner.js';
import { constantTimeEqual } from '../../core/wire/tokens.js';

const ATTEMPT_MS = 20_000;
/** What the attempt at the end of the time gets. */
const LAST_ATTEMPT_MS = 1_000;
/** How long the answer is asked for often. */
const EAGER_MS = 15_000;
const MAX_BODY = 4096;

export interface Answer {
  readonly status: number;
  readonly version: string | undefined;
  readonly body: string;
}

/** One plain GET: no credentials, no redirects, bounded answer. Rejects on any fault of the connection. */
function get(
  address: ServerAddress,
  path: string,
  options: { readonly signal: AbortSignal; readonly ms: number },
): Promise<Answer> {
  const where =
    address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port };
  const send = address.kind === 'tcp' && address.proto === 'https' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      { ...where, path, agent: false, headers: { Accept: '*/*' }, signal: options.signal },
      (response) => {
        bodyOf(response).then((body) => {
          const version = response.headers['x-jupyterhub-version'];
          resolve({
            status: response.statusCode ?? 0,
            version: typeof version === 'string' ? version.slice(0, 64) : undefined,
            body,
          });
        }, reject);
      },
    );
    request.setTimeout(options.ms, () => request.destroy(new Error(`no answer within ${options.ms} ms`)));
    request.once('error', reject);
    request.end();
  });
}

/** The first bytes; what follows is not read. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY) break;
  }
  return text.slice(0, MAX_BODY);
}

export interface Probe {
  readonly address: ServerAddress;
  readonly baseUrl: string;
  /** What is asked below `baseUrl`; `api`, which every single-user server answers, when absent. */
  readonly path?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Waits until `BASEURLapi` (or another path) answers below 500 (JupyterHub 6.1.1 `wait_for_http_server`). Pauses are random below a
 * cap that grows to 1 s while a person is likely to watch, and to 5 s later. Connection refused or reset is the normal state of a server that starts.
 * @throws Fault `SPAWN_NOT_RESPONDING`
 */
export async function waitUntilReady(probe: Probe): Promise<Answer> {
  const { address, clock, log, signal, timeoutMs } = probe;
  const end = clock.monotonic() + timeoutMs * (0.9 + Math.random() * 0.2);
  const patient = clock.monotonic() + EAGER_MS;
  for (let cap = 100; ; cap = Math.min(cap * 1.5, clock.monotonic() < patient ? 1000 : 5000)) {
    const left = end - clock.monotonic();
    try {
      const answer = await get(address, `${probe.baseUrl}${probe.path ?? 'api'}`, {
        signal,
        ms: Math.max(LAST_ATTEMPT_MS, Math.min(left, ATTEMPT_MS)),
      });
      if (answer.status < 500) return answer;
      log.warn('a server answers, but not well', { status: answer.status });
    } catch (error) {
      signal.throwIfAborted();
      log.debug('a server does not answer yet', { error: messageOf(error) });
    }
    const remaining = end - clock.monotonic();
    if (remaining <= 0) break;
    await clock.sleep(Math.min(Math.random() * cap, remaining), signal);
  }
  const seconds = Math.round(timeoutMs / 1000);
  throw new Fault('SPAWN_NOT_RESPONDING', `Server at ${probe.baseUrl} didn't respond in ${seconds} seconds`, {
    reason: 'timeout',
  });
}

/** Rejects as soon as the server is seen dead; otherwise ends with the signal. @throws Fault `SPAWN_EXITED`, or the spawner's own */
export async function watchForDeath(
  spawner: Pick<Spawner, 'poll' | 'trouble' | 'whyEnded'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<never> {
  for (let pause = 50; ; pause = Math.min(pause * 1.5, 1000)) {
    const trouble = await spawner.trouble?.();
    if (trouble) throw trouble;
    const result = await spawner.poll();
    if (!result.running) {
      // it may have ended after the look above
      const late = await spawner.trouble?.();
      if (late) throw late;
      const why =
        (await spawner.whyEnded?.()) ??
        `The server ended with status ${result.exitStatus} before it answered.`;
      throw new Fault('SPAWN_EXITED', why, { reason: 'exited' });
    }
    await clock.sleep(pause, signal);
  }
}

/**
 * Whoever answers at the address could be another account's process that took the port. Our own server knows its
 * token and proves it; for others the owner of the listening socket is looked up.
 * @param token of the server; `undefined` after a restart of the hub, which keeps a hash only: then the socket decides
 * @throws Fault `SPAWN_IMPOSTOR`
 */
export async function proveIdentity(
  probe: Probe,
  spawner: Spawner,
  token: string | undefined,
): Promise<void> {
  if (token !== undefined && spawner.provesItself) {
    if (await provesToken(probe, token)) return;
    throw impostor('the listener could not prove that it knows the API token of the server');
  }
  if ((await spawner.ownsListener?.(probe.address)) === 'no')
    throw impostor('the listening socket belongs to another process');
}

async function provesToken(probe: Probe, token: string): Promise<boolean> {
  const nonce = randomBytes(32).toString('hex');
  const path = `${probe.baseUrl}api/anteroom/proof?nonce=${nonce}`;
  const answer = await get(probe.address, path, { signal: probe.signal, ms: ATTEMPT_MS }).catch(
    (error: unknown) => {
      probe.signal.throwIfAborted();
      throw new Fault('SPAWN_NOT_RESPONDING', `Server at ${probe.baseUrl} stopped responding`, {
        detail: messageOf(error),
        cause: error,
      });
    },
  );
  const expected = createHmac('sha256', token).update(`anteroom-proof:${nonce}`).digest('hex');
  return answer.status === 200 && constantTimeEqual(proofIn(answer.body), expected);
}

function proofIn(body: string): string {
  try {
    const { proof } = JSON.parse(body) as { readonly proof?: unknown };
    return typeof proof === 'string' ? proof : '';
  } catch {
    return ''; // not JSON: no proof
  }
}

function impostor(detail: string): Fault {
  return new Fault(
    'SPAWN_IMPOSTOR',
    'Another process answers at the port of your server. Start it again; if this happens again, tell your administrator.',
    {
      detail,
      reason: 'impostor',
    },
  );
}
