/**
 * The request target, read once: the same path is routed and forwarded. Normalised as WHATWG URL does
 * (dot segments, backslashes, characters that must be escaped), but only when a cheap scan finds a reason to.
 * An absolute-form target gives its path only: it never chooses where a request goes.
 */
export type RequestTarget =
  | {
      readonly kind: 'path';
      /** As forwarded: escaped, with leading slash, without query. */
      readonly path: string;
      /** `''` or with its `?`. */
      readonly search: string;
      /** For the table. */
      readonly decoded: string;
    }
  /** Malformed percent-encoding: configurable-http-proxy 5.3.0 answers 500, ours 400. */
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'invalid' };

const PLAIN = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;
const PLAIN_SEARCH = /^(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@/?%]*)?$/;

export function parseTarget(url: string): RequestTarget {
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const search = question < 0 ? '' : url.slice(question);
  if (PLAIN.test(path) && !path.includes('/.') && PLAIN_SEARCH.test(search)) {
    return { kind: 'path', path, search, decoded: path };
  }
  return normalise(url);
}

/** The normalised path alone, not decoded. @returns undefined when it is no request target */
export function escapedPath(url: string): string | undefined {
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  return PLAIN.test(path) && !path.includes('/.') ? path : parsedUrl(url)?.pathname;
}

function parsedUrl(url: string): URL | undefined {
  try {
    const parsed = new URL(absolute(url));
    return parsed.protocol === 'http:' || parsed.protocol === 'https:' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function normalise(url: string): RequestTarget {
  const parsed = parsedUrl(url);
  if (!parsed) return { kind: 'invalid' };
  const path = parsed.pathname;
  try {
    return { kind: 'path', path, search: parsed.search, decoded: decodeURIComponent(path) };
  } catch {
    return { kind: 'undecodable' };
  }
}

/** `//host/x` is a path here, not an authority: putting our own authority before it keeps it one. */
function absolute(url: string): string {
  if (url.startsWith('/') || url.startsWith('\\')) return `http://proxy.invalid${url}`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return url;
  return `http://proxy.invalid/${url}`;
}

/**
 * What is asked of the target: its own path, then the request's; its own query, then the request's.
 * A doubled slash at the joint is merged, others are kept.
 * @param path `''` when a prefix was cut from it and nothing is left
 */
export function joinTarget(basePath: string, baseQuery: string, path: string, search: string): string {
  const base = basePath.endsWith('/') && path !== '' ? basePath.slice(0, -1) : basePath;
  const joined = `${base}${path}`;
  if (baseQuery === '') return `${joined}${search}`;
  return search.length > 1 ? `${joined}?${baseQuery}&${search.slice(1)}` : `${joined}?${baseQuery}`;
}

/**
 * Cuts a route's prefix from an escaped path. Counted in separators (`/` and `%2F`, which match alike), since the
 * escaped prefix may be longer than the decoded one.
 * @param prefix decoded, clean, without its host
 * @returns `''` when nothing is left
 */
export function cutPrefix(path: string, prefix: string): string {
  if (prefix === '/') return path;
  let left = prefix.split('/').length - 1;
  for (const separator of path.matchAll(/\/|%2f/gi)) {
    if (left === 0) {
      const rest = path.slice(separator.index);
      return rest.startsWith('/') ? rest : `/${rest.slice(3)}`;
    }
    left -= 1;
  }
  return '';
}
