import { claimsOf } from '../api/controllers.js';
import { kindOf } from '../api/kinds.js';
import { listAt, mapAt, type Stored, textAt } from '../api/objects.js';
import { quantity } from '../api/quota.js';
import { type NodeOptions, POD_KIND, type World, withCondition } from './world.js';

const CLAIMS = kindOf('persistentvolumeclaims');
const COMPONENT = 'default-scheduler';

/** Gives pods their nodes, or says why none fits (kube-scheduler's words). */
export class Scheduler implements Disposable {
  readonly #world: World;
  readonly #nodes: readonly NodeOptions[];
  readonly #subscription: Disposable;
  readonly #waiting = new Map<string, Stored>();
  #round: NodeJS.Immediate | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#nodes = world.options.nodes ?? [{ name: 'node-1' }];
    const { store } = world.server;
    for (const pod of store.list(POD_KIND, '')) this.#note(pod);
    this.#subscription = store.listen((event) => {
      if (event.kind === POD_KIND) {
        if (event.type === 'DELETED') this.#waiting.delete(event.object.metadata.uid);
        else this.#note(event.object);
      }
      // room may have come: a pod went, a claim was bound
      const matters = event.kind === POD_KIND ? event.type !== 'MODIFIED' : event.kind === CLAIMS;
      if (matters && this.#waiting.size > 0) this.#round ??= setImmediate(() => this.#tryAll());
    });
    this.#tryAll();
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    if (this.#round) clearImmediate(this.#round);
  }

  #note(pod: Stored): void {
    const spec = mapAt(pod, 'spec');
    if (textAt(spec, 'nodeName') === '' && textAt(spec, 'schedulerName') === COMPONENT)
      this.#waiting.set(pod.metadata.uid, pod);
    else this.#waiting.delete(pod.metadata.uid);
  }

  #tryAll(): void {
    this.#round = undefined;
    for (const pod of [...this.#waiting.values()]) {
      const now = this.#world.pod(pod);
      if (!now) this.#waiting.delete(pod.metadata.uid);
      else if (now.metadata.deletionTimestamp === undefined) this.#schedule(now);
    }
  }

  #schedule(pod: Stored): void {
    const why = this.#claimFault(pod);
    const refusals = this.#nodes.map((node) => ({ node, why: why ?? this.#refusal(node, pod) }));
    const fit = refusals.find((one) => one.why === undefined);
    if (!fit) {
      const counts = new Map<string, number>();
      for (const one of refusals) counts.set(one.why ?? '', (counts.get(one.why ?? '') ?? 0) + 1);
      const reasons = [...counts].map(([reason, count]) => (why ? reason : `${count} ${reason}`)).sort();
      const tail = ` preemption: 0/${this.#nodes.length} nodes are available: ${this.#nodes.length} Preemption is not helpful for scheduling.`;
      const message = `0/${this.#nodes.length} nodes are available: ${reasons.join(', ')}.${tail}`;
      this.#world.status(pod, (status) =>
        withCondition(status, { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }),
      );
      this.#world.event(pod, COMPONENT, 'Warning', 'FailedScheduling', message);
      return;
    }
    this.#waiting.delete(pod.metadata.uid);
    const { name } = fit.node;
    this.#world.server.store.update(POD_KIND, pod, (one) => ({
      ...one,
      spec: { ...mapAt(one, 'spec'), nodeName: name },
      status: withCondition(mapAt(one, 'status'), { type: 'PodScheduled', status: 'True' }),
    }));
    const { namespace, name: podName } = pod.metadata;
    this.#world.event(
      pod,
      COMPONENT,
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${podName} to ${name}`,
    );
  }

  #claimFault(pod: Stored): string | undefined {
    for (const name of claimsOf(pod)) {
      const claim = this.#world.server.store.find(CLAIMS, pod.metadata.namespace ?? '', name);
      if (!claim) return `persistentvolumeclaim "${name}" not found`;
      if (claim.metadata.deletionTimestamp !== undefined)
        return `persistentvolumeclaim "${name}" is being deleted`;
      if (textAt(mapAt(claim, 'status'), 'phase') !== 'Bound')
        return 'pod has unbound immediate PersistentVolumeClaims. not found';
    }
    return undefined;
  }

  #refusal(node: NodeOptions, pod: Stored): string | undefined {
    const spec = mapAt(pod, 'spec');
    const selector = Object.entries(mapAt(spec, 'nodeSelector'));
    if (selector.some(([key, value]) => node.labels?.[key] !== value))
      return "node(s) didn't match Pod's node affinity/selector";
    const there = this.#world.server.store
      .list(POD_KIND, '')
      .filter((one) => textAt(mapAt(one, 'spec'), 'nodeName') === node.name)
      .filter((one) => !['Succeeded', 'Failed'].includes(textAt(mapAt(one, 'status'), 'phase')));
    if (there.length >= (node.pods ?? 1_000)) return 'Too many pods';
    for (const [resource, has] of [
      ['cpu', node.cpu],
      ['memory', node.memory],
    ] as const) {
      if (has === undefined) continue;
      const used = there.reduce((sum, one) => sum + request(one, resource), 0);
      if (used + request(pod, resource) > quantity(has)) return `Insufficient ${resource}`;
    }
    return undefined;
  }
}

function request(pod: Stored, resource: string): number {
  return listAt(mapAt(pod, 'spec'), 'containers').reduce((sum, container) => {
    const resources = mapAt(container, 'resources');
    // a limit alone is its own request
    return (
      sum + quantity(mapAt(resources, 'requests')[resource] ?? mapAt(resources, 'limits')[resource] ?? 0)
    );
  }, 0);
}
