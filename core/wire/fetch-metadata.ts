/**
 * Whether a request must bring an XSRF token: JupyterHub 6.1.1's rule as one pure function, for the hub's pages,
 * its API and for single-user servers. Since the repair of CVE-2026-40864, `no-cors` is let off only for
 * reads that the browser itself calls same-origin: a form or image of another site never is.
 */
interface XsrfFacts {
  readonly method: string;
  /** Pages exempt GET; the API checks GET too, as its answers are worth stealing. */
  readonly surface: 'page' | 'api';
  readonly identity: 'anonymous' | 'cookie' | 'token';
  /** Sec-Fetch-Mode and Sec-Fetch-Site; plain-http origins never send them. */
  readonly fetchMode: string | undefined;
  readonly fetchSite: string | undefined;
  readonly hasOrigin: boolean;
}

type XsrfDecision = 'exempt' | 'check';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function xsrfDecision(facts: XsrfFacts): XsrfDecision {
  const method = facts.method.toUpperCase();
  // A token in a header cannot be sent by another site.
  if (facts.identity === 'token') return 'exempt';
  if (facts.surface === 'page' && READS.has(method)) return 'exempt';
  if (facts.surface === 'api' && (method === 'HEAD' || method === 'OPTIONS')) return 'exempt';
  // An anonymous API call gets its 403 for want of credentials, unless an Origin would learn from it.
  if (facts.surface === 'api' && facts.identity === 'anonymous' && !facts.hasOrigin) return 'exempt';
  return cookieMayStandAlone(method, facts.fetchMode, facts.fetchSite) ? 'exempt' : 'check';
}

/** The part of the rule that single-user servers apply by itself: may the cookie stand alone? */
export function cookieMayStandAlone(
  method: string,
  fetchMode: string | undefined,
  fetchSite: string | undefined,
): boolean {
  const read = READS.has(method.toUpperCase());
  if (fetchMode === 'websocket') return true;
  if (fetchMode === undefined || fetchMode === 'navigate') return read;
  return fetchMode === 'no-cors' && fetchSite === 'same-origin' && read;
}

/** Cookies are set on navigations only: a script's fetch must not be able to renew what it stands on. */
export function isNavigation(fetchMode: string | undefined): boolean {
  return fetchMode === undefined || fetchMode === 'navigate';
}
