/**
 * A node for the test API server: schedules pods, binds claims and runs containers as processes of this machine. Each
 * pod has a loopback address of its own (127.64.0.0/10), so that all may use the same port; `0.0.0.0` in commands and variables
 * becomes that address. Images map to nothing: the container's command is run (`programs` names what an image would
 * have on its PATH), and image names such as `fault/err-image-pull` go wrong (agent/images.ts). Users, capabilities and
 * limits of containers are not enforced.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { PodRunner } from './agent/pod-runner.js';
import { Scheduler } from './agent/scheduler.js';
import { Storage } from './agent/storage.js';
import { type AgentOptions, POD_KIND, World } from './agent/world.js';
import { mapAt, type Stored, textAt } from './api/objects.js';
import type { TestApiServer } from './server.js';

export class NodeAgent implements AsyncDisposable {
  readonly #world: World;
  readonly #runners = new Map<string, PodRunner>();
  readonly #ending = new Set<Promise<void>>();
  readonly #parts: Disposable[];
  #lost = false;
  #addresses = 0;

  constructor(server: TestApiServer, options: AgentOptions) {
    this.#world = new World(server, options);
    const subscription = server.store.listen((event) => {
      if (event.kind === POD_KIND) setImmediate(() => this.#react(event.object, event.type === 'DELETED'));
    });
    this.#parts = [subscription, new Storage(this.#world), new Scheduler(this.#world)];
    server.logs = ({ uid }, container, previous) => this.#log(uid, container, previous);
    for (const pod of server.store.list(POD_KIND, '')) this.#react(pod, false);
  }

  /** Pods that have processes or are about to. */
  get size(): number {
    return this.#runners.size;
  }

  /** The node no longer answers: its pods live on unseen, and what is deleted stays Terminating. */
  loseNode(): void {
    this.#lost = true;
  }

  findNode(): void {
    this.#lost = false;
    for (const [uid, runner] of this.#runners)
      if (this.#world.server.store.byUid(uid) === undefined) this.#stop(uid, runner, 0);
    for (const pod of this.#world.server.store.list(POD_KIND, '')) this.#react(pod, false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lost = true;
    for (const part of this.#parts) part[Symbol.dispose]();
    this.#world.server.logs = undefined;
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(0)));
    await Promise.all(this.#ending);
    await rm(this.#world.options.folder, { recursive: true, force: true });
  }

  #react(pod: Stored, gone: boolean): void {
    if (this.#lost) return;
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const runner = this.#runners.get(uid);
    if (runner && (gone || deletionTimestamp !== undefined)) {
      this.#stop(uid, runner, gone ? 0 : (deletionGracePeriodSeconds ?? 30));
      return;
    }
    if (runner || gone || textAt(mapAt(pod, 'spec'), 'nodeName') === '') return;
    if (this.#world.pod(pod) === undefined) return;
    this.#runners.set(uid, new PodRunner(this.#world, pod, this.#address()));
  }

  #stop(uid: string, runner: PodRunner, graceSeconds: number): void {
    const end = runner.stop(graceSeconds).finally(() => {
      this.#ending.delete(end);
      this.#runners.delete(uid);
    });
    this.#ending.add(end);
  }

  #address(): string {
    this.#addresses += 1;
    const n = this.#addresses;
    return `127.${64 + ((n >> 16) & 63)}.${(n >> 8) & 255}.${n & 255}`;
  }

  async #log(uid: string, container: string, previous: boolean): Promise<Buffer | undefined> {
    const file = this.#runners.get(uid)?.logFile(container, previous);
    if (file === undefined) return undefined;
    try {
      return await readFile(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

export async function startNodeAgent(server: TestApiServer, options: AgentOptions): Promise<NodeAgent> {
  await mkdir(options.folder, { recursive: true });
  return new NodeAgent(server, options);
}
