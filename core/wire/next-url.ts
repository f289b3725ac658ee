/**
 * Where a page may send the browser next. `next` comes from whoever made the link, so only a path of this very
 * site survives: CVE-2019-10255 and CVE-2026-33709 were open redirects here (JupyterHub 6.1.1
 * `BaseHandler._validate_next_url`, with the header-breaking cases closed too).
 */
export interface OwnSite {
  /** Protocol and host (with port) that the browser uses for us. */
  readonly protocol: 'http' | 'https';
  readonly host: string;
  /** Host of `subdomain_host`: users' own hosts lie below it. */
  readonly subdomainHost?: string;
}

const MAX_URL = 8192;

/** A path with query and fragment, fit for a Location header; `''` when the text is no place of ours. */
export function validateNextUrl(next: string, site: OwnSite): string {
  const trimmed = next.trim();
  if (trimmed === '' || trimmed.length > MAX_URL || HAS_CONTROL.test(trimmed)) return '';
  // Browsers take a backslash for a slash, and any number of leading slashes for two.
  const url = trimmed.replaceAll('\\', '%5C').replace(/^\/{3,}/, '//');
  const netloc = netlocOf(url);
  if (isOwn(url, netloc, site)) return locationText(pathOf(url));
  // `//` alone has no host for urlparse, but a browser goes on reading.
  if (netloc !== '' || !url.startsWith('/') || url.startsWith('//')) return '';
  return locationText(url);
}

/**
 * Writes a URL in the characters a header may hold: UTF-8 percent-encoded, and quotes and angle brackets
 * as well, so that a template that forgets to escape gives nothing away.
 */
export function locationText(url: string): string {
  return url.replace(/[^\x21-\x7e]|["<>`']/gu, (character) => {
    const bytes = Buffer.from(character, 'utf8');
    return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

/** Adds parameters to a URL's query, in front of its fragment. */
export function withQuery(url: string, parameters: readonly (readonly [string, string])[]): string {
  if (parameters.length === 0) return url;
  const [beforeHash = '', ...fragment] = url.split('#');
  const pairs = parameters.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join('&');
  const separator = beforeHash.includes('?') ? (/[?&]$/.test(beforeHash) ? '' : '&') : '?';
  const hash = fragment.length > 0 ? `#${fragment.join('#')}` : '';
  return `${beforeHash}${separator}${pairs}${hash}`;
}

/** Adds parameters to a URL's fragment. */
export function withFragment(url: string, parameters: readonly (readonly [string, string])[]): string {
  if (parameters.length === 0) return url;
  const [beforeHash = '', ...fragment] = url.split('#');
  const pairs = parameters.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`);
  return `${beforeHash}#${[...(fragment.length > 0 ? [fragment.join('#')] : []), ...pairs].join('&')}`;
}

/** Python's `quote_plus`: what tornado's and oauthlib's URL builders write. */
export function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1).replaceAll('*', '%2A').replaceAll('%7E', '~');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const HAS_CONTROL = /[\x00-\x1f\x7f]/;

/** As Python's urlparse: what stands between `//` (after an optional scheme) and the next of `/?#`. */
function netlocOf(url: string): string {
  return /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/([^/?#]*)/.exec(url)?.[1] ?? '';
}

function isOwn(url: string, netloc: string, site: OwnSite): boolean {
  const closed = `${url}/`;
  if (closed.startsWith(`${site.protocol}://${site.host}/`) || closed.startsWith(`//${site.host}/`))
    return true;
  return site.subdomainHost !== undefined && netloc !== '' && `.${netloc}`.endsWith(`.${site.subdomainHost}`);
}

/** One leading slash only: `https://hub//evil` must not become `//evil`. */
function pathOf(url: string): string {
  const rest = url.replace(/^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/[^/?#]*/, '');
  const [, path = '', tail = ''] = /^([^?#]*)(.*)$/.exec(rest) ?? [];
  return `/${path.replace(/^\/+/, '')}${tail}`;
}
