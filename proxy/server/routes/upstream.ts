/** A route's target, parsed once: where to connect and which path to put in front. */
export interface Upstream {
  readonly secure: boolean;
  /** Without brackets; what is connected to and what a certificate must name. `localhost` for UNIX sockets. */
  readonly hostname: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  /** Host header when `change-origin` is on: host, with its port unless it is the scheme's own. */
  readonly authority: string;
  readonly pathname: string;
  /** Without `?`. */
  readonly query: string;
  /** Server name for TLS; empty for addresses, which SNI does not carry. */
  readonly servername: string;
}

export class BadTarget extends Error {
  override readonly name = 'BadTarget';
}

/** @throws BadTarget unless `http:`, `https:`, `http+unix:` or the older `unix+http:` */
export function parseUpstream(target: string): Upstream {
  let url: URL;
  try {
    url = new URL(target);
  } catch {
    throw new BadTarget('the target is no URL');
  }
  const query = url.search.slice(1);
  switch (url.protocol) {
    case 'http:':
    case 'https:': {
      const secure = url.protocol === 'https:';
      const hostname = url.hostname.replace(/^\[|\]$/g, '');
      return {
        secure,
        hostname,
        port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
        socketPath: undefined,
        authority: url.host,
        pathname: url.pathname,
        query,
        servername: /^[\d.]+$|:/.test(hostname) ? '' : hostname,
      };
    }
    case 'http+unix:':
    case 'unix+http:':
      return {
        secure: false,
        hostname: 'localhost',
        port: 80,
        socketPath: socketPathOf(url),
        authority: 'localhost',
        pathname: url.pathname === '' ? '/' : url.pathname,
        query,
        servername: '',
      };
    default:
      throw new BadTarget(`the target's scheme ${url.protocol} is not supported`);
  }
}

function socketPathOf(url: URL): string {
  let path: string;
  try {
    path = decodeURIComponent(url.host);
  } catch {
    throw new BadTarget("the target's socket path is not percent-encoded properly");
  }
  if (path === '' || path.includes('\u0000')) throw new BadTarget('the target names no socket');
  return path;
}
