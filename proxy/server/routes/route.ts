import type { JsonObject } from '../../../core/model/json.js';
import { parseUpstream, type Upstream } from './upstream.js';

/** What is stored under one path. `data` is what was posted (with `target`), members in their order. */
export class Route {
  readonly path: string;
  readonly target: string;
  readonly data: JsonObject;
  /** ms since the epoch; formatted only when listed. */
  lastActivity: number;
  #upstream: Upstream | undefined;

  constructor(path: string, target: string, data: JsonObject, lastActivity: number) {
    this.path = path;
    this.target = target;
    this.data = data;
    this.lastActivity = lastActivity;
  }

  /** Parsed at first use and kept. @throws BadTarget: a bad target is stored, as in CHP, and fails when used */
  get upstream(): Upstream {
    this.#upstream ??= parseUpstream(this.target);
    return this.#upstream;
  }

  toJSON(): JsonObject {
    return { ...this.data, last_activity: new Date(this.lastActivity).toISOString() };
  }
}
