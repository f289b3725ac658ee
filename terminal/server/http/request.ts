import type { IncomingMessage } from 'node:http';
import { browserProtocol } from '../../../core/wire/addresses.js';
import { cookieValues } from '../../../core/wire/cookies.js';
import type { Target } from './target.js';

/** A request under our prefix, as the rules look at it. */
export interface Visit {
  readonly method: string;
  readonly target: Extract<Target, { kind: 'ours' }>;
  readonly websocket: boolean;
  readonly fetchMode: string | undefined;
  readonly fetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  readonly cookieHeader: string | undefined;
  readonly xsrfHeader: string | undefined;
  readonly accept: string | undefined;
  /** What the browser speaks, proxies considered. */
  readonly protocol: 'http' | 'https';
  /** `jupyterhub-session-id`: part of cache keys, never an identity. */
  readonly sessionId: string;
}

const SESSION_ID_COOKIE = 'jupyterhub-session-id';

export function visitOf(
  request: IncomingMessage,
  target: Extract<Target, { kind: 'ours' }>,
  websocket: boolean,
): Visit {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const cookieHeader = header('cookie');
  const sessionId = cookieValues(cookieHeader, SESSION_ID_COOKIE)[0] ?? '';
  const secure = 'encrypted' in request.socket && request.socket.encrypted === true;
  return {
    method: request.method ?? 'GET',
    target,
    websocket,
    fetchMode: websocket ? 'websocket' : header('sec-fetch-mode'),
    fetchSite: header('sec-fetch-site'),
    origin: header('origin'),
    host: header('host'),
    authorization: header('authorization'),
    cookieHeader,
    xsrfHeader: header('x-xsrftoken') ?? header('x-csrftoken'),
    accept: header('accept'),
    protocol: browserProtocol(header, secure ? 'https' : 'http'),
    sessionId: /^[\w-]{1,128}$/.test(sessionId) ? sessionId : '',
  };
}
