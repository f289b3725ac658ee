import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteObject } from '../api/deletion.js';
import { type JsonMap, listAt, mapAt, type Stored, textAt, timestamp } from '../api/objects.js';
import { type ContainerPlace, ContainerRunner } from './container-runner.js';
import type { Exit } from './process.js';
import { makeVolumes, type Volumes } from './volumes.js';
import { POD_KIND, type World, withCondition } from './world.js';

const MOUNT_MS = 300;

/** One pod on this machine, from its node to its end: what a kubelet does with it. */
export class PodRunner {
  readonly #world: World;
  readonly #pod: Stored;
  readonly #ip: string;
  readonly #stopping = new AbortController();
  readonly #folder: string;
  #inits: ContainerRunner[] = [];
  #containers: ContainerRunner[] = [];
  #initialised = false;
  #done: { readonly phase: 'Succeeded' | 'Failed' } | undefined;
  readonly #life: Promise<void>;
  #end: Promise<void> | undefined;

  constructor(world: World, pod: Stored, ip: string) {
    this.#world = world;
    this.#pod = pod;
    this.#ip = ip;
    const { namespace, name, uid } = pod.metadata;
    this.#folder = join(world.options.folder, 'pods', `${namespace}_${name}_${uid}`);
    this.#life = this.#live();
  }

  /** Newest log of a container, or the one before. */
  logFile(container: string, previous: boolean): string | undefined {
    const runner = [...this.#inits, ...this.#containers].find((one) => one.status.name === container);
    if (!runner) return undefined;
    const { restartCount, state } = runner.status;
    const began = state['waiting'] === undefined || runner.status.lastState['terminated'] !== undefined;
    // a container that waits to be started again still shows its last run
    const number = restartCount - (previous ? 1 : 0);
    return began && number >= 0 ? join(this.#folder, 'logs', container, `${number}.log`) : undefined;
  }

  /** @param graceSeconds until it is killed; 0: at once. Resolves when its processes are gone and the pod may vanish. */
  stop(graceSeconds: number): Promise<void> {
    this.#end ??= this.#stop(graceSeconds);
    if (graceSeconds === 0) this.#signal('SIGKILL');
    return this.#end;
  }

  async #stop(graceSeconds: number): Promise<void> {
    for (const one of this.#containers)
      if (one.status.state['running'] !== undefined)
        this.#world.event(this.#pod, 'kubelet', 'Normal', 'Killing', `Stopping container ${one.status.name}`);
    this.#stopping.abort();
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceSeconds * 1_000);
    await this.#life;
    clearTimeout(timer);
    await rm(this.#folder, { recursive: true, force: true });
    const pod = this.#world.pod(this.#pod);
    if (pod) deleteObject(this.#world.server.store, POD_KIND, pod, { gracePeriodSeconds: 0 });
  }

  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    for (const one of [...this.#inits, ...this.#containers]) one.signal(name);
  }

  async #live(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const volumes = await this.#mount();
    if (!volumes) return;
    const spec = mapAt(this.#pod, 'spec');
    const place: ContainerPlace = {
      world: this.#world,
      pod: this.#pod,
      ip: this.#ip,
      volumes,
      folder: this.#folder,
      logFolder: join(this.#folder, 'logs'),
      stopping: this.#stopping.signal,
      changed: () => this.#report(),
    };
    this.#inits = listAt(spec, 'initContainers').map((one) => new ContainerRunner(one, place, true));
    this.#containers = listAt(spec, 'containers').map((one) => new ContainerRunner(one, place, false));
    const policy = textAt(spec, 'restartPolicy');
    for (const one of this.#inits) {
      const exit = await one.toTheEnd(policy === 'Always' ? 'OnFailure' : policy);
      if (exit?.exitCode === 0) continue;
      if (exit) this.#finish([exit]);
      return;
    }
    this.#initialised = true;
    this.#report();
    const exits = await Promise.all(this.#containers.map((one) => one.toTheEnd(policy)));
    if (exits.every((exit) => exit !== undefined)) this.#finish(exits);
  }

  /** Until its secrets and config maps are there; `undefined` when it was stopped before. */
  async #mount(): Promise<Volumes | undefined> {
    while (!this.#stopping.signal.aborted) {
      try {
        const { store } = this.#world.server;
        return await makeVolumes(store, this.#pod, this.#folder, join(this.#world.options.folder, 'claims'));
      } catch (error) {
        this.#world.event(this.#pod, 'kubelet', 'Warning', 'FailedMount', String((error as Error).message));
        this.#world.status(this.#pod, (status) => ({ ...status, ...this.#base(status) }));
        await new Promise((resolve) => setTimeout(resolve, MOUNT_MS));
      }
    }
    return undefined;
  }

  #finish(exits: readonly Exit[]): void {
    this.#done = { phase: exits.every((exit) => exit.exitCode === 0) ? 'Succeeded' : 'Failed' };
    this.#report();
  }

  /** What every report holds; the containers of a pod that is not mounted yet are said to be in the making. */
  #base(status: JsonMap): JsonMap {
    const spec = mapAt(this.#pod, 'spec');
    const making = listAt(spec, 'containers').map((one) => ({
      name: textAt(one, 'name'),
      image: textAt(one, 'image'),
      imageID: '',
      ready: false,
      started: false,
      restartCount: 0,
      state: {
        waiting: {
          reason: listAt(spec, 'initContainers').length > 0 ? 'PodInitializing' : 'ContainerCreating',
        },
      },
      lastState: {},
    }));
    return {
      phase: 'Pending',
      hostIP: '127.0.0.1',
      startTime: status['startTime'] ?? timestamp(),
      containerStatuses: making,
    };
  }

  #report(): void {
    this.#world.status(this.#pod, (status) => {
      const began = this.#containers.some(
        (one) => one.status.state['waiting'] === undefined || one.status.restartCount > 0,
      );
      const phase = this.#done?.phase ?? (this.#initialised && began ? 'Running' : 'Pending');
      const ready = phase === 'Running' && this.#containers.every((one) => one.status.ready);
      const statuses = this.#initialised
        ? { containerStatuses: this.#containers.map((one) => one.status) }
        : {};
      const inits =
        this.#inits.length > 0 ? { initContainerStatuses: this.#inits.map((one) => one.status) } : {};
      let next: JsonMap = {
        ...status,
        ...this.#base(status),
        ...statuses,
        ...inits,
        phase,
        podIP: this.#ip,
        podIPs: [{ ip: this.#ip }],
      };
      next = withCondition(next, { type: 'PodReadyToStartContainers', status: 'True' });
      next = withCondition(
        next,
        this.#initialised
          ? { type: 'Initialized', status: 'True' }
          : { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' },
      );
      for (const type of ['ContainersReady', 'Ready'])
        next = withCondition(
          next,
          ready
            ? { type, status: 'True' }
            : { type, status: 'False', reason: this.#done ? 'PodCompleted' : 'ContainersNotReady' },
        );
      return next;
    });
  }
}
