/**
 * `--routes-file`: the last known table on disk, so that a proxy that is started again serves it while the hub
 * compares. Owns the file and what is known of the listeners behind routes; the table stays in memory.
 */
import { messageOf } from '../../../core/fault.js';
import type { Log } from '../../../core/log.js';
import { bootId } from '../../../core/process.js';
import { socketHolders } from '../../../core/socket-holders.js';
import { contentOf, MAX_FILE, readContent, replaceFile, replaceFileNow } from './file-content.js';
import { type ListenerOwner, ownerOf, placeOf } from './listener-owner.js';
import type { MemoryRoutes } from './memory.js';
import type { Route } from './route.js';
import type { RouteChange } from './store.js';
import type { TableObserver } from './table.js';
import { BadTarget } from './upstream.js';

/** ms from a change until it is written; changes meanwhile are written with it. */
const WRITE_AFTER = 250;
/** A write may take this part of the time at most, however large the table. */
const WRITE_SHARE = 20;

export class RoutesFile implements TableObserver {
  readonly #path: string;
  readonly #log: Log;
  readonly #routes: MemoryRoutes;
  /** By path, of routes told to this process. */
  readonly #owners = new Map<string, ListenerOwner>();
  /** Sockets whose process is not looked for yet, or again. */
  readonly #unseen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #dirty = false;
  #pause = WRITE_AFTER;
  #complained = '';

  constructor(path: string, routes: MemoryRoutes, log: Log) {
    this.#path = path;
    this.#routes = routes;
    this.#log = log;
  }

  /**
   * What a former process has left, each marked as not told yet.
   * @throws Error when the file could not be written
   */
  async load(): Promise<readonly Route[]> {
    const content = await readContent(this.#path, bootId());
    const found = content.kind === 'routes' ? content.routes : [];
    if (content.kind === 'routes') {
      this.#log.info(`${found.length} routes of ${this.#path} are served until the hub names its own`);
    } else if (content.kind === 'unfit') {
      const line = `The routes file ${this.#path} is not served: ${content.reason}. The table is empty until the hub fills it.`;
      this.#log[content.damaged ? 'error' : 'info'](line);
    }
    try {
      await replaceFile(this.#path, contentOf(found, this.#owners, bootId()));
    } catch (error) {
      throw new Error(`--routes-file: ${messageOf(error)}`, { cause: error });
    }
    return found;
  }

  changed(change: RouteChange): void {
    if (change.kind === 'set') this.#note(change.route);
    else this.#owners.delete(change.path);
    this.#dirty = true;
    this.#schedule();
  }

  /** For the end of the process: what is not written yet is, in this call. */
  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#dirty && !this.#writing) return;
    this.#dirty = false;
    try {
      replaceFileNow(this.#path, this.#content());
    } catch (error) {
      this.#complain(messageOf(error));
    }
  }

  /** Asked at once and not waited for: the answer counts only while the route is the one it was asked for. */
  #note(route: Route): void {
    this.#owners.delete(route.path);
    ownerBehind(route).then(
      (owner) => {
        if (!owner || this.#routes.get(route.path) !== route) return;
        this.#owners.set(route.path, owner);
        this.#unseen.add(route.path);
        this.#dirty = true;
        this.#schedule();
      },
      (error: unknown) => this.#complain(messageOf(error)),
    );
  }

  /** A table that is too large is not kept at all: a part of it, or an old one, would mislead. */
  #content(): string {
    const text = contentOf(this.#routes.all(), this.#owners, bootId());
    if (text.length <= MAX_FILE) return text;
    this.#complain(`the table is larger than ${MAX_FILE} bytes, so none is kept`);
    return contentOf([], this.#owners, bootId());
  }

  #schedule(): void {
    if (this.#timer || this.#writing || !this.#dirty) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        this.#schedule();
      });
    }, this.#pause);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    const begun = performance.now();
    try {
      await this.#findProcesses();
      await replaceFile(this.#path, this.#content());
    } catch (error) {
      this.#complain(messageOf(error));
    }
    this.#pause = Math.max(WRITE_AFTER, (performance.now() - begun) * WRITE_SHARE);
  }

  /** One look at all processes for all routes that came since the last. */
  async #findProcesses(): Promise<void> {
    const paths = [...this.#unseen];
    this.#unseen.clear();
    const wanted = new Set(paths.flatMap((path) => this.#owners.get(path)?.sockets ?? []));
    if (wanted.size === 0) return;
    const holders = await socketHolders(wanted);
    for (const path of paths) {
      const owner = this.#owners.get(path);
      const holder = owner?.sockets[0] === undefined ? undefined : holders.get(owner.sockets[0]);
      if (!owner || !holder) continue;
      const { pid, startTime } = holder;
      this.#owners.set(path, { ...owner, process: { pid, startTime } });
    }
  }

  /** Once for each reason: a full disk must not fill the log too. */
  #complain(reason: string): void {
    if (reason === this.#complained) return;
    this.#complained = reason;
    this.#log.error(`The routes file ${this.#path} does not hold the table: ${reason}`);
  }
}

async function ownerBehind(route: Route): Promise<ListenerOwner | undefined> {
  try {
    return await ownerOf(placeOf(route.upstream));
  } catch (error) {
    if (error instanceof BadTarget) return undefined;
    throw error;
  }
}
