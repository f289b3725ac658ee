import { join } from 'node:path';
import { type JsonMap, type Stored, textAt } from '../api/objects.js';
import { created, running, type Status, terminated, waiting } from './container-status.js';
import { ConfigError, environmentOf, expand } from './environment.js';
import { OOM_IMAGE, pullOf } from './images.js';
import { probe } from './probe.js';
import { type Exit, type Running, run } from './process.js';
import { mounted, type Volumes } from './volumes.js';
import type { World } from './world.js';

const OOM_MS = 300;
const PROBE_MS = 200;

export interface ContainerPlace {
  readonly world: World;
  readonly pod: Stored;
  readonly ip: string;
  readonly volumes: Volumes;
  readonly folder: string;
  readonly logFolder: string;
  /** Aborted when the pod is to end. */
  readonly stopping: AbortSignal;
  changed(): void;
}

/** One container from its pull to its end, with its restarts; tells each state through `changed`. */
export class ContainerRunner {
  readonly container: JsonMap;
  readonly #place: ContainerPlace;
  readonly #init: boolean;
  #status: Status;
  #process: Running | undefined;

  constructor(container: JsonMap, place: ContainerPlace, init: boolean) {
    this.container = container;
    this.#place = place;
    this.#init = init;
    this.#status = created(container);
  }

  get status(): Status {
    return this.#status;
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#process?.signal(name);
  }

  /** Runs until it need not be started again; resolves with its last exit, or `undefined` when stopped before any. */
  async toTheEnd(restartPolicy: string): Promise<Exit | undefined> {
    let last: Exit | undefined;
    for (let crashes = 0; !this.#place.stopping.aborted; crashes += 1) {
      if (!(await this.#pulled())) return undefined;
      const exit = await this.#once();
      if (exit) last = exit;
      const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && last?.exitCode !== 0);
      if (exit && !again) return exit;
      if (this.#place.stopping.aborted) return last;
      if (exit === undefined) {
        await this.#pause(crashes);
        continue;
      }
      if (crashes > 0) await this.#backOff(crashes);
      this.#set({ ...this.#status, restartCount: this.#status.restartCount + 1 });
    }
    return last;
  }

  #set(status: Status): void {
    this.#status = status;
    this.#place.changed();
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const path = `spec.${this.#init ? 'initContainers' : 'containers'}{${this.#status.name}}`;
    this.#place.world.event(this.#place.pod, 'kubelet', type, reason, message, path);
  }

  /** False when the pod was stopped before the image was there. */
  async #pulled(): Promise<boolean> {
    const image = textAt(this.container, 'image');
    const pull = pullOf(image);
    if (pull.kind === 'there' && this.#status.restartCount > 0) return true;
    for (let tries = 0; !this.#place.stopping.aborted; tries += 1) {
      if (pull.kind === 'invalid') {
        this.#event('Warning', 'InspectFailed', pull.message);
        this.#set(waiting(this.#status, 'InvalidImageName', pull.message));
        await this.#pause(tries);
        continue;
      }
      this.#event('Normal', 'Pulling', `Pulling image "${image}"`);
      await this.#sleep(pull.kind === 'slow' ? pull.ms : (this.#place.world.options.pullMs ?? 20));
      if (this.#place.stopping.aborted) return false;
      if (pull.kind !== 'fails') {
        this.#event(
          'Normal',
          'Pulled',
          `Successfully pulled image "${image}" in 1.234s (1.234s including waiting). Image size: 123456789 bytes.`,
        );
        return true;
      }
      this.#event('Warning', 'Failed', `Failed to pull image "${image}": ${pull.message}`);
      this.#event('Warning', 'Failed', 'Error: ErrImagePull');
      this.#set(waiting(this.#status, 'ErrImagePull', pull.message));
      await this.#sleep(100);
      this.#event('Normal', 'BackOff', `Back-off pulling image "${image}"`);
      this.#event('Warning', 'Failed', 'Error: ImagePullBackOff');
      this.#set(
        waiting(
          this.#status,
          'ImagePullBackOff',
          `Back-off pulling image "${image}": ErrImagePull: ${pull.message}`,
        ),
      );
      await this.#pause(tries);
    }
    return false;
  }

  /** One run; `undefined` when it could not begin. */
  async #once(): Promise<Exit | undefined> {
    const { world, pod, logFolder } = this.#place;
    const name = this.#status.name;
    try {
      const env = environmentOf(world.server.store, pod, this.container);
      const argv = this.#argv(env);
      const log = join(logFolder, name, `${this.#status.restartCount}.log`);
      this.#process = await run(argv, { env: this.#complete(env), cwd: this.#cwd(), log });
    } catch (error) {
      const config = error instanceof ConfigError;
      const words = error instanceof Error ? error.message : String(error);
      const message = config ? words : `failed to create containerd task: exec: "${words}"`;
      this.#event('Warning', 'Failed', `Error: ${message}`);
      this.#set(
        waiting(this.#status, config ? 'CreateContainerConfigError' : 'CreateContainerError', message),
      );
      return undefined;
    }
    this.#event('Normal', 'Created', `Container created: ${name}`);
    this.#event('Normal', 'Started', `Container started`);
    this.#set(running(this.#status, !this.#init && this.container['readinessProbe'] === undefined));
    const ended = new AbortController();
    void this.#watchProbes(ended.signal);
    if (textAt(this.container, 'image').startsWith(OOM_IMAGE))
      setTimeout(() => this.signal('SIGKILL'), OOM_MS).unref();
    const exit = await this.#process.exited;
    ended.abort();
    this.#process = undefined;
    const killed = textAt(this.container, 'image').startsWith(OOM_IMAGE) && exit.signal === 9;
    this.#set(terminated(this.#status, exit, killed ? 'OOMKilled' : undefined));
    return exit;
  }

  async #watchProbes(ended: AbortSignal): Promise<void> {
    const counts = { readinessProbe: 0, livenessProbe: 0 };
    // nothing sleeps in a pod that stops: the loop would hold the whole process
    while (
      !ended.aborted &&
      !this.#place.stopping.aborted &&
      (this.container['readinessProbe'] ?? this.container['livenessProbe']) !== undefined
    ) {
      for (const [kind, word] of [
        ['readinessProbe', 'Readiness'],
        ['livenessProbe', 'Liveness'],
      ] as const) {
        const spec = this.container[kind];
        if (spec === undefined) continue;
        const why = await probe(spec as JsonMap, this.container, this.#place.ip);
        if (ended.aborted) return;
        counts[kind] = why === undefined ? 0 : counts[kind] + 1;
        if (why !== undefined) this.#event('Warning', 'Unhealthy', `${word} probe failed: ${why}`);
        const failed = counts[kind] >= Number((spec as JsonMap)['failureThreshold'] ?? 3);
        if (kind === 'readinessProbe' && (why === undefined || failed)) this.#ready(why === undefined);
        if (kind === 'livenessProbe' && failed) {
          this.#event(
            'Normal',
            'Killing',
            `Container ${this.#status.name} failed liveness probe, will be restarted`,
          );
          return this.signal('SIGKILL');
        }
      }
      await this.#sleep(PROBE_MS);
    }
  }

  #ready(ready: boolean): void {
    if (this.#status.ready !== ready) this.#set({ ...this.#status, ready });
  }

  #argv(env: Readonly<Record<string, string>>): string[] {
    const { images = {}, programs = {} } = this.#place.world.options;
    const list = (key: string): string[] => {
      const value = this.container[key];
      return Array.isArray(value) ? value.map((one) => expand(String(one), env)) : [];
    };
    const command = list('command');
    const args = list('args');
    // as a container runtime: args stand in for the image's CMD, which we do not tell from its ENTRYPOINT
    const image = args.length > 0 ? [] : (images[textAt(this.container, 'image')] ?? []);
    const [program = '', ...rest] = [...(command.length > 0 ? command : image), ...args].map((one) =>
      this.#local(one),
    );
    if (program === '')
      throw new Error(`${textAt(this.container, 'image')} has no command, and the container names none`);
    return [...(programs[program] ?? [program]), ...rest];
  }

  /** All pods share this machine: what listens everywhere listens at the pod's own address instead. */
  #local(text: string): string {
    return mounted(
      this.container,
      this.#place.volumes,
    )(text)
      .replaceAll('0.0.0.0', this.#place.ip)
      .replace(/^(https?:\/\/):(\d)/, `$1${this.#place.ip}:$2`);
  }

  #complete(env: Readonly<Record<string, string>>): Record<string, string> {
    const local = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, this.#local(value)]));
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.#place.folder,
      HOSTNAME: this.#place.pod.metadata.name,
      ...local,
    };
  }

  #cwd(): string {
    const wanted = textAt(this.container, 'workingDir');
    const folder = this.#local(wanted);
    // only what is mounted exists here
    return wanted !== '' && folder !== wanted ? folder : this.#place.folder;
  }

  async #backOff(crashes: number): Promise<void> {
    const { pod } = this.#place;
    const { name, namespace, uid } = pod.metadata;
    const words = `Back-off restarting failed container ${this.#status.name} in pod ${name}_${namespace}(${uid})`;
    this.#event('Warning', 'BackOff', words);
    this.#set(
      waiting(
        this.#status,
        'CrashLoopBackOff',
        `back-off 10s restarting failed container=${this.#status.name} pod=${name}_${namespace}(${uid})`,
      ),
    );
    await this.#pause(crashes - 1);
  }

  #pause(tries: number): Promise<void> {
    return this.#sleep((this.#place.world.options.backOffMs ?? 300) * 2 ** Math.min(tries, 5));
  }

  /** Ends early, and without error, when the pod is stopped. */
  #sleep(ms: number): Promise<void> {
    const { stopping } = this.#place;
    return new Promise((resolve) => {
      if (stopping.aborted) return resolve();
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        stopping.removeEventListener('abort', done);
        resolve();
      }
      stopping.addEventListener('abort', done);
    });
  }
}
