import { kindOf } from '../api/kinds.js';
import { mapAt, type Stored, textAt } from '../api/objects.js';
import type { World } from './world.js';

const CLAIMS = kindOf('persistentvolumeclaims');
/** A claim of this class is never bound. */
const STUCK_CLASS = 'fault-pending';

/** Binds claims, as a provisioner does. */
export class Storage implements Disposable {
  readonly #world: World;
  readonly #subscription: Disposable;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(world: World) {
    this.#world = world;
    const { store } = world.server;
    for (const claim of store.list(CLAIMS, '')) this.#bind(claim);
    this.#subscription = store.listen((event) => {
      if (event.kind === CLAIMS && event.type === 'ADDED') this.#bind(event.object);
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #bind(claim: Stored): void {
    if (textAt(mapAt(claim, 'spec'), 'storageClassName') === STUCK_CLASS) {
      const words = `storageclass.storage.k8s.io "${STUCK_CLASS}" not found`;
      this.#world.event(claim, 'persistentvolume-controller', 'Warning', 'ProvisioningFailed', words);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const { namespace = '', name, uid } = claim.metadata;
      const now = this.#world.server.store.find(CLAIMS, namespace, name);
      if (now?.metadata.uid !== uid) return;
      const spec = mapAt(now, 'spec');
      this.#world.server.store.update(CLAIMS, now, (one) => ({
        ...one,
        spec: { ...spec, volumeName: `pvc-${uid}` },
        status: {
          phase: 'Bound',
          accessModes: spec['accessModes'],
          capacity: mapAt(mapAt(spec, 'resources'), 'requests'),
        },
      }));
    }, 10);
    this.#timers.add(timer);
  }
}
