/**
 * Does a request that shows only a cookie need an XSRF token too? (JupyterHub 4.1 and newer; contract:
 * singleuser 5.2. `no-cors` counts as harmless only from our own origin: GHSA-m68r-v472-jgq9.)
 */
export interface FetchFacts {
  readonly method: string;
  /** `Sec-Fetch-Mode`; `undefined` on plain http and from tools. */
  readonly mode: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
}

export function needsXsrfToken(facts: FetchFacts): boolean {
  const reads = facts.method === 'GET' || facts.method === 'HEAD' || facts.method === 'OPTIONS';
  if (!reads) return true;
  if (facts.mode === undefined || facts.mode === 'navigate') return false;
  return !(facts.mode === 'no-cors' && facts.site === 'same-origin');
}

/** A person looking at a page, as opposed to a script or a resource: only these are sent to sign in. */
export function isNavigation(facts: FetchFacts): boolean {
  return (
    (facts.method === 'GET' || facts.method === 'HEAD') &&
    (facts.mode === undefined || facts.mode === 'navigate')
  );
}
