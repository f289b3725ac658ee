/** `http_request_kwargs`: those of tornado's HTTPRequest (6.5) that mean something here; others refuse the start. */
import { isJsonObject } from '../../core/model/json.js';

type Kind = 'text' | 'number' | 'boolean' | 'headers';

const KNOWN: Readonly<Record<string, Kind>> = {
  ca_certs: 'text',
  client_key: 'text',
  client_cert: 'text',
  proxy_host: 'text',
  proxy_port: 'number',
  proxy_username: 'text',
  proxy_password: 'text',
  connect_timeout: 'number',
  request_timeout: 'number',
  validate_cert: 'boolean',
  user_agent: 'text',
  headers: 'headers',
};

export interface RequestKwargs {
  readonly ca_certs?: string;
  readonly client_key?: string;
  readonly client_cert?: string;
  readonly proxy_host?: string;
  readonly proxy_port?: number;
  readonly proxy_username?: string;
  readonly proxy_password?: string;
  /** Seconds. */
  readonly connect_timeout?: number;
  /** Seconds. */
  readonly request_timeout?: number;
  readonly validate_cert?: boolean;
  readonly user_agent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function requestKwargsFaults(given: Readonly<Record<string, unknown>>): readonly string[] {
  const faults = Object.entries(given).flatMap(([name, value]) => {
    const kind = KNOWN[name];
    if (kind === undefined) return [`${name} is not built; known are ${Object.keys(KNOWN).join(', ')}`];
    return isOf(kind, value) ? [] : [`${name} must be a ${kind}`];
  });
  if ((given['proxy_host'] === undefined) !== (given['proxy_port'] === undefined))
    return [...faults, 'proxy_host and proxy_port belong together'];
  return faults;
}

/** Call it with what `requestKwargsFaults` found no fault in. */
export function requestKwargs(given: Readonly<Record<string, unknown>>): RequestKwargs {
  return given as RequestKwargs;
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'boolean') return typeof value === 'boolean';
  if (kind === 'number') return typeof value === 'number' && value > 0;
  return isJsonObject(value) && Object.values(value).every((each) => typeof each === 'string');
}
