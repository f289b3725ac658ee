/** Reads one entry of `c.JupyterHub.services` (keys, types and rules of JupyterHub 6.1.1 services/service.py). Pure. */
import { isJsonObject, type JsonObject } from '../../core/model/json.js';

/** A service as it is described. What the description leaves out is absent; readers know the defaults. */
export interface ServiceSpec {
  readonly name: string;
  readonly admin: boolean;
  /** Empty: it serves no HTTP that the proxy should know. */
  readonly url: string;
  /** Empty: none, or one made at start for a managed service. */
  readonly apiToken: string;
  readonly info?: JsonObject;
  readonly display?: boolean;
  readonly timeoutSeconds: number;
  readonly oauthNoConfirm?: boolean;
  readonly oauthClientId: string;
  /** Empty: the default, below the service's own URL. */
  readonly oauthRedirectUri: string;
  readonly oauthClientAllowedScopes: readonly string[];
  /** Deprecated in JupyterHub 3; read where no scopes are given. */
  readonly oauthRoles: readonly string[];
  /** It has an OAuth client: because browsers reach it, or because the description speaks of one. */
  readonly oauth: boolean;
  /** Not empty: the hub runs it. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** System account to become; empty: the hub's own. */
  readonly user: string;
}

export interface ReadServiceSpec {
  /** Absent when something is wrong. */
  readonly spec?: ServiceSpec;
  readonly faults: readonly string[];
}

const DEFAULT_TIMEOUT_SECONDS = 30;
const MAX_NAME = 255;
const MIN_TOKEN = 8;
const KEYS: ReadonlySet<string> = new Set([
  'name',
  'admin',
  'url',
  'api_token',
  'info',
  'display',
  'timeout',
  'oauth_no_confirm',
  'oauth_client_id',
  'oauth_redirect_uri',
  'oauth_client_allowed_scopes',
  'oauth_roles',
  'command',
  'cwd',
  'environment',
  'user',
]);

/** All entries of the list, with every fault of every one. Of two with one name the later wins, as in JupyterHub. */
export function readServiceSpecs(values: readonly unknown[]): {
  readonly specs: readonly ServiceSpec[];
  readonly faults: readonly string[];
} {
  const specs = new Map<string, ServiceSpec>();
  const faults: string[] = [];
  for (const [index, value] of values.entries()) {
    const read = readServiceSpec(value, `c.JupyterHub.services[${index}]`);
    faults.push(...read.faults);
    if (read.spec) specs.set(read.spec.name, read.spec);
  }
  return { specs: [...specs.values()], faults: [...faults, ...sharedClients([...specs.values()])] };
}

/** @param where how a fault names the place, e.g. `c.JupyterHub.services[0]` */
export function readServiceSpec(value: unknown, where: string): ReadServiceSpec {
  if (!isJsonObject(value)) return { faults: [`${where}: must be an object with a name`] };
  if (value['name'] === undefined) return { faults: [`${where}: has no name`] };
  const reader = new Reader(value, where);
  const spec = read(reader);
  return reader.faults.length === 0 ? { spec, faults: [] } : { faults: reader.faults };
}

function read(from: Reader): ServiceSpec {
  from.refuseUnknown();
  const name = from.name();
  const url = from.url();
  const clientId = from.text('oauth_client_id');
  const redirectUri = from.text('oauth_redirect_uri');
  const info = from.object('info');
  const display = from.flag('display');
  const noConfirm = from.flag('oauth_no_confirm');
  if (clientId !== undefined && !clientId.startsWith('service-')) {
    from.fault(`oauth_client_id ${JSON.stringify(clientId)} must start with "service-"`);
  }
  const oauth = url !== '' || clientId !== undefined || (redirectUri ?? '') !== '' || noConfirm === true;
  if (oauth && url === '' && (redirectUri ?? '') === '') {
    from.fault('has OAuth configured, and neither url nor the oauth_redirect_uri that it needs then');
  }
  return {
    name,
    admin: from.flag('admin') ?? false,
    url,
    apiToken: from.token(),
    ...(info && { info }),
    ...(display !== undefined && { display }),
    timeoutSeconds: from.integer('timeout') ?? DEFAULT_TIMEOUT_SECONDS,
    ...(noConfirm !== undefined && { oauthNoConfirm: noConfirm }),
    oauthClientId: clientId ?? `service-${name}`,
    oauthRedirectUri: redirectUri ?? '',
    oauthClientAllowedScopes: from.texts('oauth_client_allowed_scopes'),
    oauthRoles: from.texts('oauth_roles'),
    oauth,
    command: from.command(),
    cwd: from.text('cwd') ?? '',
    environment: from.environment(),
    user: from.text('user') ?? '',
  };
}

/** Two services with one client would take each other's sign-ins. */
function sharedClients(specs: readonly ServiceSpec[]): readonly string[] {
  const clients = specs.filter((spec) => spec.oauth);
  return clients
    .filter((spec, index) => clients.findIndex((other) => other.oauthClientId === spec.oauthClientId) < index)
    .map(
      (spec) => `c.JupyterHub.services: more than one service has the oauth_client_id ${spec.oauthClientId}`,
    );
}

/** Takes values out of one description and remembers all that is wrong with it. */
class Reader {
  readonly faults: string[] = [];
  readonly #values: JsonObject;
  readonly #where: string;

  constructor(values: JsonObject, where: string) {
    this.#values = values;
    const { name } = values;
    this.#where = typeof name === 'string' ? `${where}: service ${JSON.stringify(name)}` : where;
  }

  fault(what: string): void {
    this.faults.push(`${this.#where}: ${what}`);
  }

  refuseUnknown(): void {
    for (const key of Object.keys(this.#values)) {
      if (!KEYS.has(key)) this.fault(`unknown key ${JSON.stringify(key)}`);
    }
  }

  name(): string {
    const name = this.text('name') ?? '';
    if (/%[0-9a-f]{2}/i.test(name)) this.fault('a name cannot hold URL escapes');
    if (name.includes('/')) this.fault('a name cannot hold a slash');
    if (name === '' || /^\.+$/.test(name)) this.fault('a name is neither empty nor dots alone');
    if (name !== name.trim()) this.fault('a name neither begins nor ends with a blank');
    if (name.includes('\0') || name.length > MAX_NAME)
      this.fault(`a name has at most ${MAX_NAME} characters and no NUL`);
    return name;
  }

  url(): string {
    const url = this.text('url') ?? '';
    if (url === '') return url;
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || parsed.hostname === '') {
      this.fault(`url ${JSON.stringify(url)} must be http://HOST:PORT or https://HOST:PORT`);
    }
    return url;
  }

  token(): string {
    const token = this.text('api_token') ?? '';
    if (token !== '' && token.length < MIN_TOKEN)
      this.fault(`api_token has fewer than ${MIN_TOKEN} characters`);
    return token;
  }

  text(key: string): string | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'string') return value;
    this.fault(`${key} must be text`);
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'boolean') return value;
    this.fault(`${key} must be true or false`);
    return undefined;
  }

  integer(key: string): number | undefined {
    const value = this.#values[key];
    if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value;
    this.fault(`${key} must be a whole number`);
    return undefined;
  }

  object(key: string): JsonObject | undefined {
    const value = this.#values[key];
    if (value === undefined || isJsonObject(value)) return value;
    this.fault(`${key} must be an object`);
    return undefined;
  }

  texts(key: string): readonly string[] {
    const value = this.#values[key];
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
    this.fault(`${key} must be a list of texts`);
    return [];
  }

  /** A text is a program without arguments. */
  command(): readonly string[] {
    const { command } = this.#values;
    if (typeof command === 'string') return command === '' ? [] : [command];
    return this.texts('command');
  }

  environment(): Readonly<Record<string, string>> {
    const given = this.object('environment') ?? {};
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(given)) {
      if (name === '' || /[=\0]/.test(name))
        this.fault(`environment: ${JSON.stringify(name)} is no name of a variable`);
      else if (typeof value === 'string' && !value.includes('\0')) environment[name] = value;
      else if (typeof value === 'number') environment[name] = String(value);
      else this.fault(`environment: ${name} must be text`);
    }
    return environment;
  }
}
