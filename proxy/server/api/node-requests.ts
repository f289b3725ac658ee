/** The REST API behind `node:http`: every request that the strict front leaves to Node. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ApiAnswer, RouteApi } from './api.js';
import { readBody } from './body.js';

/** Bytes. JupyterHub posts some hundred. */
const MAX_BODY = 1024 * 1024;

export function nodeRequests(api: RouteApi): RequestListener {
  return (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const allowed = api.allows(request.headers.authorization);
    api
      .answer({ method, url, allowed, body: () => readBody(request, MAX_BODY) })
      .then((answer) => send(answer, request, response))
      .catch((error: unknown) => {
        api.notSent({ method, url }, error);
        response.destroy();
      });
  };
}

function send(answer: ApiAnswer, request: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed) return;
  response.statusCode = answer.status;
  if (answer.json !== undefined) response.setHeader('content-type', 'application/json');
  // What was not read is not waited for.
  if (!request.complete) response.setHeader('connection', 'close');
  response.end(answer.json ?? answer.text);
}
