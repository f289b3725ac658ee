/**
 * URLs and untrusted texts as they may stand in a log: secrets in the query and tokens in the path blanked, controls and bidirectional marks
 * escaped, length bounded (CVE-2026-54338 was an unbounded name in the log).
 */
const SECRETS = /^(?:_xsrf|code|state|token|.*_token|.*secret|password|code_verifier|code_challenge|otp)$/i;
const HIDDEN = '[secret]';
/** JupyterHub's API tokens, and its codes; ids of requests are shorter. */
const TOKEN = /(?<![0-9a-z])[0-9a-f]{32,}(?![0-9a-z])/;
const TOKENS = new RegExp(TOKEN, 'g');
/** What stands behind these is a name, which providers may make of the same letters. */
const NAMED = /^(?:users|groups|services|servers|shares)$/;
const MAX_DEPTH = 3;

/** @param max characters; what is longer is cut and its length named */
export function scrubUrl(url: string, max = 512): string {
  // Cut before the work and after it: a query of a megabyte is not worth parsing.
  return safeText(scrub(url.slice(0, max * 4), 0), max);
}

/** Untrusted text made harmless and bounded. */
export function safeText(text: string, max = 64): string {
  const cut = text.length > max ? `${text.slice(0, max)}...(${text.length} chars)` : text;
  return cut.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
    /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function scrub(url: string, depth: number): string {
  const question = url.indexOf('?');
  if (question < 0) return scrubPath(url);
  if (depth >= MAX_DEPTH) return url;
  const [query = '', ...fragment] = url.slice(question + 1).split('#');
  const pairs = query.split('&').map((pair) => scrubPair(pair, depth));
  const hash = fragment.length > 0 ? `#${fragment.join('#')}` : '';
  return `${scrubPath(url.slice(0, question))}?${pairs.join('&')}${hash}`;
}

function scrubPath(path: string): string {
  if (!TOKEN.test(path)) return path;
  const segments = path.split('/');
  return segments
    .map((segment, at) =>
      isName(segments[at - 1], segments[at - 2]) ? segment : segment.replace(TOKENS, HIDDEN),
    )
    .join('/');
}

/** `/hub/api/user` is who asks, and takes no name. */
function isName(before: string | undefined, beforeThat: string | undefined): boolean {
  if (before === undefined) return false;
  return NAMED.test(before) || (before === 'user' && beforeThat !== 'api');
}

function scrubPair(pair: string, depth: number): string {
  const equals = pair.indexOf('=');
  if (equals < 0) return pair;
  const name = pair.slice(0, equals);
  if (SECRETS.test(decode(name) ?? name)) return `${name}=${HIDDEN}`;
  // `next` carries whole URLs, with secrets of their own.
  const value = decode(pair.slice(equals + 1));
  if (value === undefined) return `${name}=[undecodable]`;
  const isPath = !value.includes('?');
  if (isPath && !value.includes('/')) return pair;
  if (!isPath && depth + 1 >= MAX_DEPTH) return `${name}=[nested]`;
  const inner = scrub(value, depth + 1);
  return inner === value ? pair : `${name}=${encodeURIComponent(inner)}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
