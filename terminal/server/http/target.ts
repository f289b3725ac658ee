/**
 * What a request asks for. The prefix arrives as the hub escapes it, or as proxies and browsers like it better
 * (`%40` for `@`), so both sides are decoded once, segment by segment: an encoded slash stays inside its segment.
 */
export type Target =
  | {
      readonly kind: 'ours';
      /** Decoded segments after the prefix; `['']` is the prefix itself. */
      readonly segments: readonly string[];
      readonly query: URLSearchParams;
      /** Path and query under the prefix as the hub writes it, the rest as received. */
      readonly canonical: string;
    }
  /** The prefix without the slash at its end: typed by hand, or cut from a link. Proxies route it here. */
  | { readonly kind: 'slashless'; readonly canonical: string }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'malformed' };

const MAX_TARGET_CHARS = 8192;

export function parseTarget(raw: string | undefined, prefix: string): Target {
  // Origin form only: no absolute form, no `*`, no authority (RFC 9112 section 3.2).
  if (raw === undefined || !raw.startsWith('/') || raw.length > MAX_TARGET_CHARS)
    return { kind: 'malformed' };
  const question = raw.indexOf('?');
  const path = question === -1 ? raw : raw.slice(0, question);
  const segments = decodeSegments(path);
  const expected = decodeSegments(prefix);
  if (!segments || !expected) return { kind: 'malformed' };
  const depth = expected.length - 1;
  for (let index = 0; index < depth; index += 1) {
    if (segments[index] !== expected[index]) return { kind: 'elsewhere' };
  }
  const search = question === -1 ? '' : raw.slice(question);
  if (segments.length <= depth) return { kind: 'slashless', canonical: prefix + search };
  return {
    kind: 'ours',
    segments: segments.slice(depth),
    query: new URLSearchParams(search),
    canonical: prefix + path.split('/').slice(depth).join('/') + search,
  };
}

/** `undefined` when the encoding is broken, or a segment means something to a file system. */
function decodeSegments(path: string): string[] | undefined {
  const result: string[] = [];
  for (const segment of path.split('/')) {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      // A lone `%` or bytes that are not UTF-8.
      return undefined;
    }
    if (decoded === '.' || decoded === '..' || decoded.includes('\u0000')) return undefined;
    result.push(decoded);
  }
  return result;
}
