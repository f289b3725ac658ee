/**
 * Reads bodies within three bounds: of the route, of one sender's bodies at once (all who have not signed in are one), and
 * of what the hub holds of everybody's. What is small is never refused for what others send: nobody is kept from signing in.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../../core/fault.js';
import { httpError } from './errors.js';
import { isAnonymous, isUnread } from './unread.js';

const KIB = 1024;
/** Octets of somebody unknown: a name and a password, a code of OAuth. */
const ANONYMOUS_LIMIT = 64 * KIB;
/** Octets of a body that are not counted: its connection takes as much. */
const UNCOUNTED = 8 * KIB;

/** Octets of bodies at once. */
export interface BodyBounds {
  readonly all: number;
  /** Of those, one user's, one service's, or those of all who have not signed in. */
  readonly each: number;
}

export const BODY_BOUNDS: BodyBounds = { all: 128 * KIB * KIB, each: 32 * KIB * KIB };

/** Every body becomes a Buffer, whatever its content type; null when it is empty, or nobody would read it. */
export function readBodies(app: FastifyInstance, bounds: BodyBounds): void {
  const room = new BodyRoom(bounds);
  const places = new WeakMap<FastifyRequest, Place>();
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (bringsBody(request)) {
      const place = new Place(room, senderOf(request));
      places.set(request, place);
      // The handler keeps the body until it has answered.
      reply.raw.once('close', () => place.leave());
    }
    done(null, payload);
  });
  const bodyOf = async (request: FastifyRequest, payload: IncomingMessage): Promise<Buffer | null> => {
    // Whatever it is, the gate refuses it.
    if (isUnread(request)) return null;
    const anonymous = isAnonymous(request);
    const { bodyLimit } = request.routeOptions;
    const limit = anonymous ? Math.min(ANONYMOUS_LIMIT, bodyLimit) : bodyLimit;
    if (Number(request.headers['content-length']) > limit) throw tooLarge();
    return read(payload, limit, places.get(request) ?? new Place(room, senderOf(request)));
  };
  app.addContentTypeParser('*', bodyOf);
  // Fastify looks at no body of a GET.
  app.addHook('preValidation', async (request) => {
    if (request.method === 'GET' && request.routeOptions.config.bodyOfGet && bringsBody(request))
      request.body = await bodyOf(request, request.raw);
  });
}

/** Before sessions are known (tests of single layers) everybody is one. */
function senderOf({ principal }: FastifyRequest): string {
  switch (principal?.kind) {
    case 'user':
      return `user ${principal.user.id}`;
    case 'service':
      return `service ${principal.service.id}`;
    default:
      return 'anonymous';
  }
}

function bringsBody({ headers }: FastifyRequest): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** @throws Fault 400, 413, 503 */
function read(payload: IncomingMessage, limit: number, place: Place): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    const refuse = (fault: Fault): void => {
      stop();
      chunks.length = 0;
      place.leave();
      reject(fault);
    };
    const onData = (chunk: Buffer): void => {
      octets += chunk.length;
      if (octets > limit) refuse(tooLarge());
      else if (place.grow(octets)) chunks.push(chunk);
      else refuse(bodiesFull());
    };
    const onEnd = (): void => {
      stop();
      resolve(octets === 0 ? null : Buffer.concat(chunks, octets));
    };
    const onError = (error: Error): void => refuse(httpError(400, error.message));
    const stop = (): void => {
      payload.off('data', onData).off('end', onEnd).off('error', onError);
    };
    payload.on('data', onData).on('end', onEnd).on('error', onError);
  });
}

function tooLarge(): Fault {
  return httpError(413, 'Request body is too large');
}

function bodiesFull(): Fault {
  return new Fault('BODIES_FULL', 'The hub is receiving too much at the moment. Try again soon.', {
    status: 503,
    headers: { 'Retry-After': '5' },
  });
}

class BodyRoom {
  readonly #bounds: BodyBounds;
  /** Octets by sender, of those who hold some. */
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  take(octets: number, sender: string): boolean {
    const held = (this.#held.get(sender) ?? 0) + octets;
    if (held > this.#bounds.each || this.#all + octets > this.#bounds.all) return false;
    this.#held.set(sender, held);
    this.#all += octets;
    return true;
  }

  give(octets: number, sender: string): void {
    const held = (this.#held.get(sender) ?? 0) - octets;
    if (held > 0) this.#held.set(sender, held);
    else this.#held.delete(sender);
    this.#all -= octets;
  }
}

/** What one request holds of the room. */
class Place {
  readonly #room: BodyRoom;
  readonly #sender: string;
  #held = 0;

  constructor(room: BodyRoom, sender: string) {
    this.#room = room;
    this.#sender = sender;
  }

  /** @returns false when there is no room for a body of so many octets */
  grow(octets: number): boolean {
    const more = octets - UNCOUNTED - this.#held;
    if (more <= 0) return true;
    if (!this.#room.take(more, this.#sender)) return false;
    this.#held += more;
    return true;
  }

  leave(): void {
    this.#room.give(this.#held, this.#sender);
    this.#held = 0;
  }
}
