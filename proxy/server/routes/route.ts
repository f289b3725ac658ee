import type { JsonObject } from '../../../core/model/json.js';
import type { ListenerOwner } from './listener-owner.js';
import { parseUpstream, type Upstream } from './upstream.js';

/**
 * A route that was read from the file of routes, which nobody has told this process yet: served only while whoever
 * listens at its target is who did when it was stored.
 */
export interface Restored {
  /** Undefined: not known, or not of this machine. */
  readonly owner: ListenerOwner | undefined;
}

/** What is stored under one path. `data` is what was posted (with `target`), members in their order. */
export class Route {
  readonly path: string;
  readonly target: string;
  readonly data: JsonObject;
  readonly restored: Restored | undefined;
  /** ms since the epoch; formatted only when listed. */
  lastActivity: number;
  #upstream: Upstream | undefined;

  constructor(path: string, target: string, data: JsonObject, lastActivity: number, restored?: Restored) {
    this.path = path;
    this.target = target;
    this.data = data;
    this.lastActivity = lastActivity;
    this.restored = restored;
  }

  /** Parsed at first use and kept. @throws BadTarget: a bad target is stored, as in CHP, and fails when used */
  get upstream(): Upstream {
    this.#upstream ??= parseUpstream(this.target);
    return this.#upstream;
  }

  /**
   * As the API shows it. A hub tells a route again when its target is not what it should be, and only then: so one
   * that was not told yet shows a target that no hub asks for.
   */
  toJSON(): JsonObject {
    return {
      ...this.data,
      ...(this.restored ? { target: `${this.target}#restored` } : {}),
      last_activity: new Date(this.lastActivity).toISOString(),
    };
  }
}

/** A route as it goes to another process or into a file. */
export interface RouteRecord {
  readonly path: string;
  readonly target: string;
  readonly data: JsonObject;
  /** ms since the epoch. */
  readonly lastActivity: number;
  readonly restored?: Restored;
}

export function recordOf(route: Route): RouteRecord {
  const { path, target, data, lastActivity, restored } = route;
  return { path, target, data, lastActivity, ...(restored ? { restored } : {}) };
}

export function routeOf(record: RouteRecord): Route {
  return new Route(record.path, record.target, record.data, record.lastActivity, record.restored);
}
