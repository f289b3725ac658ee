/** The plain listener that sends browsers to https. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** @param port what Location names; undefined: none, it is https' own */
export function redirector(
  port: number | undefined,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const name = hostName(request.headers.host);
    if (name === undefined) {
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('This port only redirects to https, and the request does not say to which host.\n');
      return;
    }
    const path = request.url?.startsWith('/') ? request.url : '/';
    response
      .writeHead(301, { Location: `https://${name}${port === undefined ? '' : `:${port}`}${path}` })
      .end();
  };
}

/** A plain host name or address; anything else would let a request write the URL. */
function hostName(host: string | undefined): string | undefined {
  return /^([A-Za-z0-9\-._]+|\[[0-9A-Fa-f:.]+\])(?::\d*)?$/.exec(host ?? '')?.[1];
}
