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
import { Paced } from './paced.js';
import type { Route } from './route.js';
import type { RouteChange } from './store.js';
import type { TableObserver } from './table.js';
import { BadTarget } from './upstream.js';

export class RoutesFile implements TableObserver {
  readonly #path: string;
  readonly #log: Log;
  readonly #routes: MemoryRoutes;
  /** By path, of routes told to this process. */
  readonly #owners = new Map<string, ListenerOwner>();
  /** Sockets whose process is not looked for yet, or again. */
  readonly #unseen = new Set<string>();
  /** Looks for a listener that a write waits for. */
  readonly #noting = new Set<Promise<void>>();
  readonly #writes = new Paced(() => this.#write());
  /** Apart from writes, since on a machine with many processes they take much longer. */
  readonly #looks = new Paced(() => this.#look());
  #dirty = false;
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
    this.#writes.ask();
  }

  /** For the end of the process: what is not written yet is, in this call. */
  flush(): void {
    this.#writes.stop();
    this.#looks.stop();
    if (!this.#dirty && !this.#writes.running) return;
    this.#dirty = false;
    try {
      replaceFileNow(this.#path, this.#content());
    } catch (error) {
      this.#complain(messageOf(error));
    }
  }

  /** Asked at once; the answer counts only while the route is the one it was asked for. */
  #note(route: Route): void {
    this.#owners.delete(route.path);
    const noting = ownerBehind(route).then(
      (owner) => {
        this.#noting.delete(noting);
        if (!owner || this.#routes.get(route.path) !== route) return;
        this.#owners.set(route.path, owner);
        this.#unseen.add(route.path);
        this.#dirty = true;
        this.#writes.ask();
      },
      (error: unknown) => {
        this.#noting.delete(noting);
        this.#complain(messageOf(error));
      },
    );
    this.#noting.add(noting);
  }

  /** A table that is too large is not kept at all: a part of it, or an old one, would mislead. */
  #content(): string {
    const text = contentOf(this.#routes.all(), this.#owners, bootId());
    if (text.length <= MAX_FILE) return text;
    this.#complain(`the table is larger than ${MAX_FILE} bytes, so none is kept`);
    return contentOf([], this.#owners, bootId());
  }

  async #write(): Promise<number> {
    // A route without its listener would be kept, and not served.
    await Promise.all(this.#noting);
    if (!this.#dirty) return 0;
    this.#dirty = false;
    const begun = performance.now();
    const content = this.#content();
    const cost = performance.now() - begun;
    try {
      await replaceFile(this.#path, content);
    } catch (error) {
      this.#complain(messageOf(error));
    }
    if (this.#unseen.size > 0) this.#looks.ask();
    return cost;
  }

  async #look(): Promise<number> {
    const begun = performance.now();
    try {
      await this.#findProcesses();
    } catch (error) {
      this.#complain(messageOf(error));
    }
    return performance.now() - begun;
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
      this.#dirty = true;
    }
    if (this.#dirty) this.#writes.ask();
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
