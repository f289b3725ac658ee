/**
 * What the primary process and its workers say to each other, over Node's channel between parent and child, which
 * keeps the order. A change that the API has answered is in the channel before anything that lets a worker listen,
 * and a listening worker confirms every change: so no worker serves a table older than an answer.
 */
import type { PlaneOptions } from '../data-plane.js';
import type { MetricValues } from '../metric-values.js';
import type { LogLevel } from '../options.js';
import type { RouteRecord } from '../routes/route.js';
import type { ListenerTls, TlsSettings } from '../tls.js';

export interface WorkerSetup {
  readonly options: PlaneOptions;
  readonly logLevel: LogLevel;
  /** Undefined: stdout. The primary keeps it in bounds. */
  readonly logFile: string | undefined;
  /** A copy of the table is kept here; false: every lookup asks the primary, whose store alone can say. */
  readonly replica: boolean;
}

/** When something was last active: path, ms since the epoch. */
export type Stamp = readonly [path: string, at: number];

export type Change =
  | { readonly kind: 'set'; readonly route: RouteRecord }
  | { readonly kind: 'remove'; readonly path: string };

export type NewTls =
  | { readonly side: 'public'; readonly tls: ListenerTls }
  | { readonly side: 'client'; readonly settings: TlsSettings };

export type ToWorker =
  | { readonly kind: 'setup'; readonly setup: WorkerSetup; readonly table: readonly RouteRecord[] }
  | { readonly kind: 'listen' }
  | { readonly kind: 'changes'; readonly upTo: number; readonly changes: readonly Change[] }
  | { readonly kind: 'found'; readonly ask: number; readonly route?: RouteRecord; readonly error?: string }
  | { readonly kind: 'report'; readonly ask: number; readonly metrics: boolean }
  | { readonly kind: 'tls'; readonly tls: NewTls }
  | { readonly kind: 'drain' };

export type FromWorker =
  /** Its code is loaded; it wants its setup. */
  | { readonly kind: 'booted' }
  /** It has the table, and does not listen yet. */
  | { readonly kind: 'synced' }
  | { readonly kind: 'listening'; readonly address: string }
  /** It cannot work, and ends. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'applied'; readonly upTo: number }
  | { readonly kind: 'find'; readonly ask: number; readonly path: string }
  | { readonly kind: 'active'; readonly stamps: readonly Stamp[] }
  | {
      readonly kind: 'report';
      readonly ask: number;
      readonly stamps: readonly Stamp[];
      readonly metrics: MetricValues | undefined;
    };
