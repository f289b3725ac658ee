import type { UserRecord } from '../store/types.js';
import { entryKey, type ServerEntry } from './entry.js';
import { UserMarks } from './user-marks.js';

/** The servers that are not stopped, or whose last start failed, by user and name. */
export class Registry {
  readonly entries = new Map<string, ServerEntry>();
  /** Spawn ids of all that may live; a live view for sweeps. */
  readonly spawnIds = new Set<string>();
  readonly marks = new UserMarks();

  get(user: Pick<UserRecord, 'id' | 'name'>, name: string): ServerEntry | undefined {
    return this.entries.get(entryKey(user, name));
  }

  put(entry: ServerEntry): void {
    this.entries.set(entryKey(entry.user, entry.name), entry);
    if (entry.spawnId !== undefined) this.spawnIds.add(entry.spawnId);
  }

  /** Forgets what is stopped; a failure stays for its page. */
  settle(entry: ServerEntry): void {
    if (entry.spawnId !== undefined && !entry.address) this.spawnIds.delete(entry.spawnId);
    if (!entry.address && !entry.failure && entry.pending === null) this.drop(entry);
  }

  drop(entry: ServerEntry): void {
    const key = entryKey(entry.user, entry.name);
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }

  ofUser(userId: number): readonly ServerEntry[] {
    return [...this.entries.values()].filter((entry) => entry.user.id === userId);
  }

  /** Whether another server is to be found where this one would be. */
  isTakenRoute(entry: ServerEntry): boolean {
    const { route } = entry;
    return [...this.entries.values()].some(
      (other) => other !== entry && other.route === route && other.address !== undefined,
    );
  }

  counts(): { readonly spawning: number; readonly active: number; readonly running: number } {
    let spawning = 0;
    let active = 0;
    let running = 0;
    for (const entry of this.entries.values()) {
      if (entry.waiting) continue;
      if (entry.pending === 'spawn') spawning++;
      if (entry.pending !== null || entry.address) active++;
      if (entry.pending !== 'spawn' && entry.address) running++;
    }
    return { spawning, active, running };
  }
}
