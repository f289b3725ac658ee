/** Makes one random request: who, method, path, query, headers, body. All of it comes from the seed. */
import { Random } from './random.js';
import { BODIES, HEADERS, LINES, PARAMETERS, QUERY, QUERY_VALUES, TYPES } from './shapes.js';
import { brokenJson, jsonObject, jsonValue, ODD_SEGMENTS, text } from './values.js';

export interface FuzzRequest {
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Sent in pieces of unknown length. */
  readonly chunked: boolean;
  /** Bytes for the socket as they are, in place of all the rest. */
  readonly raw?: Buffer;
}

/** Credentials as headers, by the name of who has them. */
export type Credentials = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Target {
  /** Method and path below the hub's prefix, with `{name}` for parameters; from the OpenAPI document, and pages. */
  readonly templates: readonly string[];
  readonly credentials: Credentials;
}

const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
];
export function makeRequest(seed: number, index: number, target: Target): FuzzRequest {
  const random = new Random(seed, index);
  const [known = 'GET', template = '/'] = random.pick(target.templates).split(' ');
  const method = random.chance(0.7) ? known : random.pick(METHODS);
  const path = pathOf(random, template);
  const headers: Record<string, string> = { ...random.pick(Object.values(target.credentials)) };
  for (let n = random.below(4); n > 0; n -= 1) {
    const [name, values] = random.pick(HEADERS);
    if (name === 'Upgrade') headers['Connection'] = 'upgrade';
    if (!(name in headers) || random.chance(0.1)) headers[name] = random.pick(values);
  }
  const hasBody = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method) || random.chance(0.05);
  const body = hasBody ? bodyOf(random, headers, template) : undefined;
  const request = { index, method, path, headers, body, chunked: body !== undefined && random.chance(0.1) };
  return random.chance(0.03) ? { ...request, raw: rawOf(random) } : request;
}

function pathOf(random: Random, template: string): string {
  const filled = template.replace(/\{(\w+)\}/g, (_whole, name: string) => segment(random, name));
  const path = `/hub${random.chance(0.06) ? mutated(random, filled) : filled}`;
  const query = Array.from({ length: random.chance(0.3) ? 1 + random.below(4) : 0 }, () => {
    const value = random.chance(0.7) ? random.pick(QUERY_VALUES) : encodeURIComponent(scalar(text(random)));
    return `${random.pick(QUERY)}=${value}`;
  });
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}

/** encodeURIComponent takes no half characters. */
function scalar(value: string): string {
  return Buffer.from(value).toString().slice(0, 1000);
}

function segment(random: Random, name: string): string {
  if (random.chance(0.15)) return random.pick(ODD_SEGMENTS);
  if (random.chance(0.03)) return encodeURIComponent(scalar(text(random)));
  return encodeURIComponent(random.pick(PARAMETERS[name] ?? ['a1', 'a2', 'x', 'jupyterhub-hub-login']));
}

function mutated(random: Random, path: string): string {
  const parts = path.split('/');
  const at = random.below(parts.length);
  return random.pick<() => string>([
    () => `${path}/`,
    () => path.replace('/', '//'),
    () => parts.filter((_part, n) => n !== at).join('/'),
    () => [...parts.slice(0, at), random.pick(ODD_SEGMENTS), ...parts.slice(at)].join('/'),
    () => `${path}/${random.pick(ODD_SEGMENTS)}`,
    () => path.toUpperCase(),
    () => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    () => `${path}#x`,
    () => `${path}?`,
  ])();
}

function bodyOf(random: Random, headers: Record<string, string>, template: string): Buffer | undefined {
  if (random.chance(0.5)) headers['Content-Type'] = random.pick(TYPES);
  const kind = random.below(10);
  if (kind === 0) return undefined;
  if (kind <= 5) return Buffer.from(JSON.stringify(likely(random, template)));
  if (kind === 6) return Buffer.from(JSON.stringify(jsonValue(random)) ?? '');
  if (kind === 7) return Buffer.from(brokenJson(random));
  if (kind === 8) return random.bytes(random.below(2000));
  const fields = Array.from({ length: random.below(5) }, () => [random.pick(QUERY), scalar(text(random))]);
  return Buffer.from(new URLSearchParams(fields as string[][]).toString());
}

/** A body that the endpoint takes, with a chance of something odd in it, or of another endpoint's. */
function likely(random: Random, template: string): unknown {
  const bodies = BODIES.filter(([path]) => path.test(template));
  const [, make] = random.pick(random.chance(0.8) && bodies.length > 0 ? bodies : BODIES);
  const body = make(random);
  return random.chance(0.2) ? { ...body, ...jsonObject(random) } : body;
}

function rawOf(random: Random): Buffer {
  return random.chance(0.2) ? random.bytes(1 + random.below(300)) : Buffer.from(random.pick(LINES), 'latin1');
}
