/**
 * Names on the wire, branded so that only a parser makes one. No I/O.
 */
declare const brand: unique symbol;
type Branded<Kind extends string> = string & { readonly [brand]: Kind };

/** A normalised JupyterHub user name: non-empty, no `/`, no outer blanks (Authenticator.validate_username). */
export type UserName = Branded<'UserName'>;
/** A server's name; `''` is the default server. No `/`. */
export type ServerName = Branded<'ServerName'>;
/** A route of the proxy: `/path/` or `host/path/`, escaped, with its trailing slash. */
export type RouteSpec = Branded<'RouteSpec'>;

export const DEFAULT_SERVER = '' as ServerName;

/** Longest name that the database column takes. */
const MAX_NAME = 255;

/** `undefined` when the text cannot be a user name. Does not normalise: the authenticator has done that. */
export function parseUserName(text: string): UserName | undefined {
  if (text === '' || text.length > MAX_NAME || text.includes('/') || text.trim() !== text) return undefined;
  // Half a character has no UTF-8, so the database would keep another name.
  if (text.includes('\u0000') || /\p{Cs}/u.test(text)) return undefined;
  // Names that a URL would take for a place above it (GHSA-93gc-h923-mp36).
  if (/^\.+$/.test(text) || /^\.+$/.test(unquoted(text))) return undefined;
  return text as UserName;
}

/** Python's `urllib.parse.unquote`, as far as dots are concerned. */
function unquoted(text: string): string {
  return text.replace(/%2e/gi, '.');
}

/** `undefined` when the text cannot name a server at all; whether a *new* one may bear it is another rule. */
export function parseServerName(text: string): ServerName | undefined {
  if (text.length > MAX_NAME || text.includes('/') || text.includes('\u0000')) return undefined;
  return text as ServerName;
}

/**
 * Python's `urllib.parse.quote(text, safe)`: UTF-8, everything but `A-Za-z0-9_.-~` and `safe`, upper-case hex.
 * (CPython 3.11 `urllib.parse.quote`; lone surrogates become U+FFFD, where Python would throw.)
 */
export function pyQuote(text: string, safe = '/'): string {
  return encodeURIComponent(wellFormed(text)).replace(/[!'()*]|%[0-9A-F]{2}/g, (match) => {
    if (match.length === 1) {
      return safe.includes(match) ? match : `%${match.charCodeAt(0).toString(16).toUpperCase()}`;
    }
    const character = String.fromCharCode(Number.parseInt(match.slice(1), 16));
    return character < '\u0080' && safe.includes(character) ? character : match;
  });
}

/** A name in a URL path as JupyterHub writes it: `quote(name, safe='@~')`. */
export function escapeName(name: string): string {
  return pyQuote(name, '@~');
}

/** `/user/NAME/` or `/user/NAME/SERVER/` below a base URL that ends with `/`. */
export function serverPath(baseUrl: string, user: string, server: string): string {
  const own = `${baseUrl}user/${escapeName(user)}/`;
  return server === '' ? own : `${own}${escapeName(server)}/`;
}

/** The user for whom `serverPath` made a path; `undefined` for one that it did not make. */
export function ownerInPath(baseUrl: string, path: string): string | undefined {
  const prefix = `${baseUrl}user/`;
  const [segment = ''] = path.startsWith(prefix) ? path.slice(prefix.length).split('/', 1) : [];
  const owner = new URLSearchParams(`=${segment}`).get('') ?? '';
  return owner !== '' && escapeName(owner) === segment ? owner : undefined;
}

/** Makes a routespec canonical: leading slash unless it starts with a host, trailing slash always. */
export function routeSpec(path: string): RouteSpec {
  return (path.endsWith('/') ? path : `${path}/`) as RouteSpec;
}

/** Replaces lone surrogates, on which `encodeURIComponent` would throw. */
function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}
