import { kindOf } from '../api/kinds.js';
import { type JsonMap, mapAt, type Stored, timestamp } from '../api/objects.js';
import type { TestApiServer } from '../server.js';

export const POD_KIND = kindOf('pods');
const EVENT_KIND = kindOf('events');

/** One node, as the scheduler sees it. */
export interface NodeOptions {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Quantities; default plenty. */
  readonly cpu?: string;
  readonly memory?: string;
  /** Default 1,000. */
  readonly pods?: number;
}

export interface AgentOptions {
  /** Folder for volumes and logs; made and emptied by the agent. */
  readonly folder: string;
  /** Default: one node, `node-1`. */
  readonly nodes?: readonly NodeOptions[];
  /** Programs by the first word of a command, e.g. `anteroom-singleuser`: what an image would have on its PATH. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** ENTRYPOINT and CMD by image, where the container has no command. */
  readonly images?: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds that a pull takes. Default 20. */
  readonly pullMs?: number;
  /** First pause of a crash loop, which doubles; ten seconds on a real node. Default 300. */
  readonly backOffMs?: number;
}

/** What scheduler, nodes and storage share: the store, and how they speak of what they do. */
export class World {
  readonly server: TestApiServer;
  readonly options: AgentOptions;
  #events = 0;

  constructor(server: TestApiServer, options: AgentOptions) {
    this.server = server;
    this.options = options;
  }

  pod(of: Stored): Stored | undefined {
    const found = this.server.store.find(POD_KIND, of.metadata.namespace ?? '', of.metadata.name);
    return found?.metadata.uid === of.metadata.uid ? found : undefined;
  }

  /** Changes a pod's status; nothing when the pod is gone. */
  status(of: Stored, change: (status: JsonMap, pod: Stored) => JsonMap): void {
    const pod = this.pod(of);
    if (!pod) return;
    this.server.store.update(POD_KIND, pod, (one) => {
      const status = mapAt(one, 'status');
      const next = change(status, one);
      return JSON.stringify(next) === JSON.stringify(status) ? one : { ...one, status: next };
    });
  }

  /** Tells of an event, counting those that repeat. @param component e.g. `kubelet`, `default-scheduler` */
  event(
    about: Stored,
    component: string,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    const { store } = this.server;
    const { namespace = '', name, uid, resourceVersion } = about.metadata;
    const now = timestamp();
    const same = store
      .list(EVENT_KIND, namespace)
      .find(
        (one) =>
          mapAt(one, 'involvedObject')['uid'] === uid &&
          one['reason'] === reason &&
          one['message'] === message,
      );
    if (same) {
      store.update(EVENT_KIND, same, (one) => ({
        ...one,
        count: Number(one['count']) + 1,
        lastTimestamp: now,
      }));
      return;
    }
    this.#events += 1;
    if (store.find(kindOf('namespaces'), '', namespace)?.metadata.deletionTimestamp !== undefined) return;
    store.insert(EVENT_KIND, {
      metadata: { name: `${name}.${Date.now().toString(16)}${this.#events.toString(16)}`, namespace },
      involvedObject: {
        kind: about.kind,
        namespace,
        name,
        uid,
        apiVersion: about.apiVersion,
        resourceVersion,
        ...(fieldPath ? { fieldPath } : {}),
      },
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      eventTime: null,
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
    });
  }
}

export interface ConditionChange {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

/** The conditions with one set anew; its time moves only when its status does. */
export function withCondition(status: JsonMap, change: ConditionChange): JsonMap {
  const former = (status['conditions'] ?? []) as readonly JsonMap[];
  const old = former.find((one) => one['type'] === change.type);
  const same = old?.['status'] === change.status;
  const next = {
    ...change,
    lastProbeTime: null,
    lastTransitionTime: same ? (old['lastTransitionTime'] ?? timestamp()) : timestamp(),
  };
  const conditions = old ? former.map((one) => (one === old ? next : one)) : [...former, next];
  return { ...status, conditions };
}
