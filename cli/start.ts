/**
 * The seam between the command line and the hub: what `anteroom` hands over once the configuration is sound.
 *
 * Owns: the shape of that hand-over. Does not own: reading the configuration (load-config.ts).
 */
import { StartupFault } from '../core/fault.js';
import type { Log } from '../core/log.js';
import type { LoadedConfig } from './load-config.js';
import type { OfflineHub } from './offline.js';
import type { Terminal } from './terminal.js';

export interface StartContext {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly terminal: Terminal;
  /** `--reset-passwords` was given. */
  readonly resetPasswords: boolean;
}

/** What main.ts runs; tests hand in others. */
export interface Programs {
  /** Runs the hub until it is told to end. @returns the exit code */
  start(context: StartContext): Promise<number>;
  /** Opens the database of the configuration for `token` and `upgrade-db`. */
  openOffline(context: Omit<StartContext, 'resetPasswords'>): Promise<OfflineHub>;
}

export const programs: Programs = {
  start: async () => {
    throw new StartupFault(['the hub is not wired to the command line yet']);
  },
  openOffline: async () => {
    throw new StartupFault(['the database is not wired to the command line yet']);
  },
};
