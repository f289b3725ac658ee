/**
 * Reads bodies within three bounds: of the route, of whoever has not signed in, and of what the hub holds of all bodies at
 * once. What is small is never refused for what others send: nobody is kept from signing in.
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
  /** Of those, the bodies of people who have not signed in. */
  readonly anonymous: number;
}

export const BODY_BOUNDS: BodyBounds = { all: 128 * KIB * KIB, anonymous: 32 * KIB * KIB };

/** Every body becomes a Buffer, whatever its content type; null when it is empty, or nobody would read it. */
export function readBodies(app: FastifyInstance, bounds: BodyBounds): void {
  const room = new BodyRoom(bounds);
  const places = new WeakMap<FastifyRequest, Place>();
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (bringsBody(request)) {
      const place = new Place(room, isAnonymous(request));
      places.set(request, place);
      // The handler keeps the body until it has answered.
      reply.raw.once('close', () => place.leave());
    }
    done(null, payload);
  });
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    // Whatever it is, the gate refuses it.
    if (isUnread(request)) return null;
    const anonymous = isAnonymous(request);
    const { bodyLimit } = request.routeOptions;
    const limit = anonymous ? Math.min(ANONYMOUS_LIMIT, bodyLimit) : bodyLimit;
    if (Number(request.headers['content-length']) > limit) throw tooLarge();
    return read(payload, limit, places.get(request) ?? new Place(room, anonymous));
  });
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
  #all = 0;
  #anonymous = 0;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  take(octets: number, anonymous: boolean): boolean {
    if (this.#all + octets > this.#bounds.all) return false;
    if (anonymous && this.#anonymous + octets > this.#bounds.anonymous) return false;
    this.#all += octets;
    if (anonymous) this.#anonymous += octets;
    return true;
  }

  give(octets: number, anonymous: boolean): void {
    this.#all -= octets;
    if (anonymous) this.#anonymous -= octets;
  }
}

/** What one request holds of the room. */
class Place {
  readonly #room: BodyRoom;
  readonly #anonymous: boolean;
  #held = 0;

  constructor(room: BodyRoom, anonymous: boolean) {
    this.#room = room;
    this.#anonymous = anonymous;
  }

  /** @returns false when there is no room for a body of so many octets */
  grow(octets: number): boolean {
    const more = octets - UNCOUNTED - this.#held;
    if (more <= 0) return true;
    if (!this.#room.take(more, this.#anonymous)) return false;
    this.#held += more;
    return true;
  }

  leave(): void {
    this.#room.give(this.#held, this.#anonymous);
    this.#held = 0;
  }
}
