/**
 * Usual field names, so that a name on the wire becomes the one string that everything else compares with: hashed
 * once in the life of the process instead of once a request. Pure.
 */
const USUAL = [
  'accept accept-encoding accept-language accept-ranges access-control-allow-origin age allow authorization',
  'cache-control connection content-disposition content-encoding content-language content-length content-range',
  'content-security-policy content-type cookie date dnt etag expires host if-match if-modified-since if-none-match',
  'if-range keep-alive last-modified link location origin pragma priority range referer referrer-policy sec-ch-ua',
  'sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user server set-cookie',
  'strict-transport-security te trailer transfer-encoding upgrade upgrade-insecure-requests user-agent vary via',
  'www-authenticate x-content-type-options x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto',
  'x-frame-options x-jupyterhub-version x-real-ip x-request-id x-requested-with x-xsrftoken',
]
  .join(' ')
  .split(' ');

/** As written in lower case, With-Capitals, and by those who write it in neither way. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ...USUAL.map((name): [string, string] => [name, name]),
  ...USUAL.map((name): [string, string] => [name.replace(/(^|-)[a-z]/g, (all) => all.toUpperCase()), name]),
  ['ETag', 'etag'],
  ['DNT', 'dnt'],
  ['TE', 'te'],
  ['WWW-Authenticate', 'www-authenticate'],
  ['X-JupyterHub-Version', 'x-jupyterhub-version'],
  ['X-Real-IP', 'x-real-ip'],
  ['X-XSRFToken', 'x-xsrftoken'],
]);

/** @returns in lower case; undefined for a name that is not usual, which need not be a name at all */
export function usualFieldName(written: string): string | undefined {
  return KNOWN.get(written);
}
