/** A test API server with a node that does what a test says, and the spawner's house on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../core/clock.js';
import { resolve } from '../../../core/config/declare.js';
import type { Setting } from '../../../core/config/tree.js';
import { silentLog } from '../../../core/log.js';
import type { ServerName, UserName } from '../../../core/model/names.js';
import type { Spawner, SpawnerHouse } from '../../../core/plugin/spawner.js';
import { kindOf } from '../../../test/kubernetes/api/kinds.js';
import { type JsonMap, mapAt, type Stored } from '../../../test/kubernetes/api/objects.js';
import { startApiServer, type TestApiServer } from '../../../test/kubernetes/server.js';
import { viewFor } from '../../../test/suites/spawner.js';
import { kubernetes } from '../index.js';
import { KubeSpawnerClass, type KubeSpawnerConfig } from '../traits.js';

const PODS = kindOf('pods');

/** From a pod's name to the status that the node gives it; `undefined`: it is left alone. */
export type NodeScript = (pod: Stored) => JsonMap | undefined;

export function runningStatus(ip = '10.0.0.9'): JsonMap {
  return {
    phase: 'Running',
    podIP: ip,
    containerStatuses: [containerStatus({ running: {} }, true)],
  };
}

export function containerStatus(state: JsonMap, ready = false, lastState: JsonMap = {}): JsonMap {
  return { name: 'notebook', image: 'x', imageID: 'x', restartCount: 0, ready, state, lastState };
}

export class KubeWorld implements AsyncDisposable {
  readonly server: TestApiServer;
  readonly #folder: string;
  readonly #houses: SpawnerHouse<KubeSpawnerConfig>[] = [];
  readonly #listening: Disposable;
  /** What the node makes of a new pod. */
  script: NodeScript = () => runningStatus();

  private constructor(server: TestApiServer, folder: string) {
    this.server = server;
    this.#folder = folder;
    this.#listening = server.store.listen(({ type, kind, object }) => {
      if (kind !== PODS) return;
      if (type === 'ADDED') setImmediate(() => this.#run(object));
      if (type === 'MODIFIED' && object.metadata.deletionTimestamp) setImmediate(() => this.#end(object));
    });
  }

  static async start(): Promise<KubeWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'anteroom-kube-world-'));
    const server = await startApiServer();
    await server.writeKubeconfig(join(folder, 'config'));
    return new KubeWorld(server, folder);
  }

  #run(pod: Stored): void {
    const current = this.server.store.byUid(pod.metadata.uid)?.object;
    const status = current && this.script(current);
    if (current && status) this.setStatus(current, status);
  }

  #end({ metadata: { uid } }: Stored): void {
    const left = this.server.store.byUid(uid)?.object;
    if (left) this.server.store.remove(PODS, left);
  }

  /** A pod with a state is on a node. */
  setStatus(pod: Stored, status: JsonMap): void {
    const placed = (one: Stored): JsonMap => ({ ...mapAt(one, 'spec'), nodeName: 'node-1' });
    this.server.store.update(PODS, pod, (one) => ({ ...one, spec: placed(one), status }));
  }

  pods(namespace = ''): Stored[] {
    return this.server.store.list(PODS, namespace);
  }

  all(plural: string): Stored[] {
    return this.server.store
      .list(kindOf(plural), '')
      .filter(({ metadata }) => metadata.namespace !== 'kube-system');
  }

  remove(pod: Stored): void {
    this.server.store.remove(PODS, pod);
  }

  config(settings: Readonly<Record<string, unknown>> = {}): KubeSpawnerConfig {
    const given = Object.entries({ start_timeout: 20, ...settings }).map(
      ([name, value]): [string, readonly Setting[]] => [name, [{ kind: 'value', value, source: 'test' }]],
    );
    const { values, faults } = resolve(KubeSpawnerClass, new Map([['KubeSpawner', new Map(given)]]));
    if (faults.length > 0) throw new Error(JSON.stringify(faults));
    return values;
  }

  /** As a hub that starts. */
  async house(settings: Readonly<Record<string, unknown>> = {}): Promise<SpawnerHouse<KubeSpawnerConfig>> {
    const former = process.env['KUBECONFIG'];
    process.env['KUBECONFIG'] = join(this.#folder, 'config');
    try {
      const house = kubernetes.open({ config: this.config(settings), clock: systemClock, log: silentLog });
      this.#houses.push(house);
      await house.provision();
      return house;
    } finally {
      if (former === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = former;
    }
  }

  spawner(
    house: SpawnerHouse<KubeSpawnerConfig>,
    settings: Readonly<Record<string, unknown>> = {},
    { user = 'alice', server = '' }: { readonly user?: string; readonly server?: string } = {},
  ): Spawner {
    return house.create({
      user: { id: 7, name: user as UserName, admin: false, groups: [] },
      serverName: server as ServerName,
      config: this.config(settings),
      view: viewFor(user),
      baseUrl: `/user/${user}/`,
      log: silentLog,
      clock: systemClock,
      outputDir: this.#folder,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    for (const house of this.#houses) await house[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export function specOf(pod: Stored): JsonMap {
  return mapAt(pod, 'spec');
}
