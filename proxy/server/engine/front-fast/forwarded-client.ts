/** One client of the fast front: routes its requests, and holds what they have in common. */
import type { ClientService, Exchange, Line } from '../../front/front.js';
import type { RequestHead } from '../../message/request-head.js';
import type { EngineContext } from '../engine.js';
import { HEALTH, routeAtOnce } from '../routing.js';
import type { UpstreamClient } from '../upstream/client.js';
import { type Client, ClientExchange } from './client-exchange.js';
import { type ClientWriter, writerOf } from './client-writer.js';
import type { ClientRequests, RequestWriter } from './request-text.js';

export class ForwardedClient implements Client, ClientService {
  readonly line: Line;
  readonly context: EngineContext;
  readonly upstreams: UpstreamClient;
  readonly requests: ClientRequests;
  readonly writer: ClientWriter;

  constructor(line: Line, context: EngineContext, upstreams: UpstreamClient, requests: RequestWriter) {
    const { socket } = line;
    this.line = line;
    this.context = context;
    this.upstreams = upstreams;
    this.writer = writerOf(socket);
    this.requests = requests.from({
      address: socket.remoteAddress ?? '',
      encrypted: 'encrypted' in socket && socket.encrypted === true,
    });
  }

  /** Node's front says what is wrong with one that has no route, and waits for a store that needs time. */
  exchange(head: RequestHead): Exchange | undefined {
    const { routes, options, hostRouting } = this.context;
    if (head.target === HEALTH || !routes.atOnce) return undefined;
    const routed = routeAtOnce(head.target, head.fields.host, routes, options, hostRouting);
    return routed?.kind === 'routed' ? new ClientExchange(this, head, routed) : undefined;
  }
}
