import type { ObjectNames, Owner } from '../names/names.js';
import type { Fields } from '../names/template.js';
import type { KubeSpawnerConfig } from '../traits.js';

/** Settings that may be functions of the spawner, called. */
export interface Settled {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly fs_gid: number | null;
  readonly supplemental_gids: readonly number[] | null;
  readonly container_security_context: Readonly<Record<string, unknown>> | null;
  readonly pod_security_context: Readonly<Record<string, unknown>> | null;
}

/** A server, as its manifests need it. */
export interface ServerFacts {
  readonly config: Omit<KubeSpawnerConfig, keyof Settled>;
  readonly settled: Settled;
  readonly owner: Owner;
  readonly names: ObjectNames;
  /** Of templates, with all names. */
  readonly fields: Fields;
  /** What the hub gives the server, its API token included. */
  readonly environment: Readonly<Record<string, string>>;
  /** The port that the server listens on. */
  readonly port: number;
  /** Marks what belongs to this start of this hub. */
  readonly spawnId?: string;
  /** The Secret that holds the API token; absent: it stands in the environment as text. */
  readonly tokenSecret?: string;
  /** The Secret that holds the certificates of internal_ssl. */
  readonly certificateSecret?: string;
}

/** The default of KubeSpawner, where `Spawner.port` is 0. */
export const DEFAULT_PORT = 8888;

/** A dictionary of objects stands for its values in the order of their keys. */
export function inOrder(objects: unknown): readonly unknown[] {
  if (Array.isArray(objects)) return objects;
  const entries = Object.entries(objects as Readonly<Record<string, unknown>>);
  return entries.sort(([a], [b]) => byCodePoint(a, b)).map(([, value]) => value);
}

/** Python's order of texts. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
