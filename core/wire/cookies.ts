/**
 * Cookie headers as tornado 6.5 reads them and Python's `http.cookies` writes them. Values outside the token
 * characters travel in double quotes, so a reader must take both forms; attributes come in alphabetical order.
 */

export interface CookieAttributes {
  readonly domain?: string;
  /** A point in time, or days from now. */
  readonly expires?: Date;
  readonly expiresDays?: number;
  readonly httpOnly?: boolean;
  /** Seconds; 0 is left out, as tornado does. */
  readonly maxAge?: number;
  readonly path?: string;
  readonly sameSite?: string;
  readonly secure?: boolean;
}

const DAY_MS = 86_400_000;
/** Node refuses larger headers; what is beyond it is not looked at. */
const MAX_HEADER = 65_536;

/** Every value the header has for a name, in the order sent: a sibling path or host may have tossed in others. */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  if (header === undefined) return [];
  const values: string[] = [];
  for (const chunk of header.slice(0, MAX_HEADER).split(';')) {
    const equals = chunk.indexOf('=');
    if (equals >= 0 && chunk.slice(0, equals).trim() === name) {
      values.push(unquote(chunk.slice(equals + 1).trim()));
    }
  }
  return values;
}

/** Names that the header has, each once, in the order in which they come first. */
export function cookieNames(header: string | undefined): readonly string[] {
  const chunks = (header ?? '').slice(0, MAX_HEADER).split(';');
  const named = chunks.flatMap((chunk) => {
    const equals = chunk.indexOf('=');
    return equals < 0 ? [] : [chunk.slice(0, equals).trim()];
  });
  return [...new Set(named)];
}

/** Tornado's choice among several of one name: the last. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  return cookieValues(header, name).at(-1);
}

/**
 * One `Set-Cookie` header value.
 * @param now milliseconds since the epoch, for `expiresDays`
 * @throws TypeError when a name or attribute holds what would break out of the header
 */
export function setCookie(name: string, value: string, attributes: CookieAttributes, now: number): string {
  const expires =
    attributes.expires ??
    (attributes.expiresDays === undefined ? undefined : new Date(now + attributes.expiresDays * DAY_MS));
  for (const text of [name, attributes.domain, attributes.path, attributes.sameSite]) {
    if (text !== undefined && BREAKS_OUT.test(text)) throw new TypeError(`not allowed in a cookie: ${name}`);
  }
  return [
    `${name}=${quote(value)}`,
    attributes.domain ? `Domain=${attributes.domain}` : undefined,
    expires ? `expires=${expires.toUTCString()}` : undefined,
    attributes.httpOnly ? 'HttpOnly' : undefined,
    attributes.maxAge ? `Max-Age=${Math.trunc(attributes.maxAge)}` : undefined,
    attributes.path ? `Path=${attributes.path}` : undefined,
    attributes.sameSite ? `SameSite=${attributes.sameSite}` : undefined,
    attributes.secure ? 'Secure' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

/** Makes a browser drop a cookie; path and domain must be those it was set with. */
export function clearCookie(
  name: string,
  attributes: Pick<CookieAttributes, 'domain' | 'path' | 'secure' | 'sameSite'>,
  now: number,
): string {
  return setCookie(name, '', { path: '/', ...attributes, expires: new Date(now - 365 * DAY_MS) }, now);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it keeps out
const BREAKS_OUT = /[\x00-\x20;\x7f]/;
const LEGAL = /^[A-Za-z0-9!#$%&'*+\-.^_`|~:]+$/;
const NEEDS_ESCAPE = /[^A-Za-z0-9!#$%&'*+\-.^_`|~: ()/<=>?@[\]{}]/g;

/** Python's `http.cookies._quote`; characters beyond Latin-1 have no octal form and travel as their UTF-8 bytes. */
function quote(value: string): string {
  if (LEGAL.test(value)) return value;
  const latin1 = Buffer.from(value, 'utf8').toString('latin1');
  return `"${latin1.replace(NEEDS_ESCAPE, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
  })}"`;
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value
    .slice(1, -1)
    .replace(/\\(?:([0-3][0-7][0-7])|(.))/g, (_match, octal?: string, character?: string) =>
      octal === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(octal, 8)),
    );
}
