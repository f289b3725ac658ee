/**
 * May a page of this origin open a WebSocket here? (Cross-site WebSocket hijacking: CVE-2023-26114 of
 * code-server and its kin.) The Origin's host must be the Host asked for, or one the hub names as ours.
 * `X-Forwarded-Host` is not looked at: nothing here can tell whose it is.
 */
export interface OriginFacts {
  readonly origin: string | undefined;
  readonly host: string | undefined;
  /** `Sec-Fetch-Site`, when the browser sends it. */
  readonly fetchSite: string | undefined;
  readonly publicOrigins: readonly string[];
}

export type OriginVerdict = 'same' | 'foreign' | 'absent';

export function judgeOrigin(facts: OriginFacts): OriginVerdict {
  if (facts.fetchSite !== undefined && facts.fetchSite !== 'same-origin') return 'foreign';
  if (facts.origin === undefined) return 'absent';
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(facts.origin) || !URL.canParse(facts.origin)) return 'foreign';
  const origin = new URL(facts.origin);
  if (facts.publicOrigins.includes(origin.origin)) return 'same';
  return facts.host !== undefined && hostOf(facts.host, origin.protocol) === origin.host ? 'same' : 'foreign';
}

/** Host as `URL` writes it: lower case, without the scheme's own port. */
function hostOf(header: string, protocol: string): string | undefined {
  if (!/^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(:\d{1,5})?$/i.test(header)) return undefined;
  const text = `${protocol}//${header}`;
  return URL.canParse(text) ? new URL(text).host : undefined;
}
