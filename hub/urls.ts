/** URLs as the configuration writes them: taken apart as Python's urlparse does, and looked at. Pure. */

interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
}

/** Python's urlparse as far as it matters: no defaults, nothing normalised. */
export function splitUrl(url: string): UrlParts | undefined {
  const parts = /^([A-Za-z][\w.+-]*):\/\/([^/?#]*)([^?#]*)$/.exec(url);
  return parts ? { scheme: parts[1] ?? '', host: parts[2] ?? '', path: parts[3] ?? '' } : undefined;
}

/** Scheme, host and port; empty for what is no URL. */
export function originOf(url: string): string {
  const parts = splitUrl(url);
  return parts ? `${parts.scheme}://${parts.host}` : '';
}

/** A sentence when the URL is none of ours or its port is out of range. */
export function portFault(url: string): string | undefined {
  const parts = splitUrl(url);
  if (!parts) return 'is not a URL with a scheme and a host or port';
  if (parts.scheme === 'http+unix') return parts.host === '' ? 'names no socket' : undefined;
  if (parts.scheme !== 'http' && parts.scheme !== 'https')
    return `has the scheme ${parts.scheme}, not http, https or http+unix`;
  const port = /:(\d*)$/.exec(parts.host)?.[1];
  if (port !== undefined && Number(port) > 65535) return `has the port ${port}; ports end at 65535`;
  return /:[^\d\]]+$/.test(parts.host) ? 'has a port that is not a number' : undefined;
}
