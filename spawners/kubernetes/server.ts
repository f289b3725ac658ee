import { type Fault, messageOf } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import type {
  PollResult,
  ProgressEvent,
  ServerAddress,
  Spawner,
  SpawnerInit,
  StartContext,
} from '../../core/plugin/spawner.js';
import type { Ref } from '../../kube/api.js';
import type { Pod } from '../../kube/objects.js';
import { PERSISTENT_VOLUME_CLAIMS, PODS } from '../../kube/resources.js';
import { chooseClaim } from './claim.js';
import { type ClusterPort, limitsOf } from './cluster-port.js';
import { exitStatusOf, judge } from './diagnosis.js';
import { inWords } from './faults.js';
import { Identity } from './identity.js';
import { addressOf } from './names/address.js';
import { lastLines } from './output.js';
import { whenKnown } from './presence.js';
import { ProgressFeed } from './progress.js';
import { removePod, spawnIdOf } from './removal.js';
import { startPod } from './start.js';
import { type PodState, readState, writeState } from './state.js';
import type { KubeSpawnerConfig } from './traits.js';

/** Reading the last lines of a crashed pod must not hold up its end. */
const OUTPUT_MS = 3_000;

/**
 * One server as a pod (kubespawner.KubeSpawner 7.1). Its pod is known by its name and, where we made it, by the spawn
 * id that it carries: nothing else is adopted or ended.
 */
export class PodServer implements Spawner {
  readonly #init: SpawnerInit<KubeSpawnerConfig>;
  readonly #port: ClusterPort;
  readonly #feed = new ProgressFeed();
  #state: PodState = {};
  /** Of a former hub, and not looked at yet: however long the cluster is away, its word is waited for. */
  #adopting = false;
  /** The house ends the pod when it can: for this server it is gone. */
  #buried = false;
  #output = '';

  constructor(init: SpawnerInit<KubeSpawnerConfig>, port: ClusterPort) {
    this.#init = init;
    this.#port = port;
  }

  async start(context: StartContext): Promise<ServerAddress> {
    const { signal, spawnId } = context;
    signal.throwIfAborted();
    const identity = this.#identity();
    this.#buried = false;
    try {
      const claim = await chooseClaim(this.#port, identity, this.#state, signal);
      const names = { ...identity.names, claimName: claim.name };
      const { namespace, podName, dnsName } = names;
      this.#state = {
        podName,
        namespace,
        dnsName,
        spawnId,
        ...(claim.exists && { claimName: claim.name }),
      };
      await context.checkpoint(this.state());
      signal.throwIfAborted();
      return await this.#run(identity.withClaim(claim.name), context);
    } catch (error) {
      throw signal.aborted ? signal.reason : inWords(error);
    } finally {
      this.#feed.close();
    }
  }

  async #run(identity: Identity, context: StartContext): Promise<ServerAddress> {
    try {
      const { pod, address } = await startPod({
        port: this.#port,
        init: this.#init,
        identity,
        context,
        feed: this.#feed,
        claimExists: async () => {
          this.#state = { ...this.#state, claimName: identity.names.claimName };
          await context.checkpoint(this.state());
        },
        podMade: async (made) => {
          this.#state = { ...this.#state, ...uidOf(made) };
          await context.checkpoint(this.state());
        },
      });
      this.#state = { ...this.#state, ...uidOf(pod), address };
      await context.checkpoint(this.state());
      context.signal.throwIfAborted();
      return address;
    } catch (error) {
      await this.#undo();
      throw error;
    }
  }

  /** What a failed start made is ended; the claim stays, as it holds data. */
  async #undo(): Promise<void> {
    const { log } = this.#init;
    const ref = this.#ref();
    if (!ref) return;
    try {
      const pod = await this.#port.kube.find<Pod>(PODS, ref, {
        ...limitsOf(this.#init.config),
        retryForMs: 0,
      });
      if (!pod || !this.#isMine(pod)) return;
      this.#output = await this.#lastLines(ref, pod);
      await removePod(this.#port, ref, {
        ...limitsOf(this.#init.config),
        gracePeriodSeconds: 0,
        ...uidOf(pod),
        waitMs: this.#init.config.start_timeout * 1000,
      });
    } catch (error) {
      log.warn('the pod of a failed start could not be ended yet', {
        pod: ref.name,
        error: messageOf(error),
      });
      this.#port.bury(ref, this.#state.spawnId ?? '');
      this.#buried = true;
    }
  }

  async poll(): Promise<PollResult> {
    const ref = this.#ref();
    if (!ref || this.#buried) return { running: false, exitStatus: 0 };
    const cache = this.#port.pods(this.#init.config, ref.namespace ?? '');
    const found = await whenKnown(this.#port, cache, ref, {
      log: this.#init.log,
      isMine: (pod) => this.#isMine(pod),
      patient: this.#adopting,
    });
    if (found === 'unknown') return { running: true };
    if (!found) return { running: false, exitStatus: 1 };
    const exitStatus = exitStatusOf(found);
    if (exitStatus !== undefined) return { running: false, exitStatus };
    this.#adopting = false;
    this.#state = { ...this.#state, ...uidOf(found), ...this.#placeOf(found) };
    return { running: true };
  }

  /** The address may be unknown to a state of a former hub; a hook has its own idea of it. */
  #placeOf(pod: Pod): Pick<PodState, 'address'> {
    const { config } = this.#init;
    if (config.get_pod_url || judge(pod).kind !== 'running') return {};
    const { names, fields } = this.#identity();
    return { address: addressOf(pod, { config, names, fields, spawner: this.#init.view }) };
  }

  async stop({ now }: { readonly now: boolean }): Promise<void> {
    const ref = this.#ref();
    if (!ref || this.#buried) return;
    const { config } = this.#init;
    try {
      const pod = await this.#port.kube.find<Pod>(PODS, ref, limitsOf(config));
      if (!pod || !this.#isMine(pod)) return;
      if (!config.delete_stopped_pods && exitStatusOf(pod) !== undefined) return;
      await removePod(this.#port, ref, {
        ...limitsOf(config),
        gracePeriodSeconds: now ? 0 : config.delete_grace_period,
        ...uidOf(pod),
        waitMs: config.start_timeout * 1000,
      });
    } catch (error) {
      throw inWords(error);
    }
  }

  state(): JsonObject {
    return writeState(this.#state);
  }

  loadState(state: JsonObject): void {
    this.#state = readState(state);
    this.#adopting = true;
  }

  /** The namespace and a claim that exists are those of the next server too. */
  clearState(): void {
    const { namespace, claimName, legacy } = this.#state;
    this.#state = {
      ...(namespace !== undefined && { namespace }),
      ...(claimName !== undefined && { claimName }),
      ...(legacy && { legacy }),
    };
    this.#adopting = false;
    this.#buried = false;
  }

  address(): ServerAddress | undefined {
    return this.#state.address;
  }

  progress(): AsyncIterable<ProgressEvent> {
    return this.#feed.listen();
  }

  async trouble(): Promise<Fault | undefined> {
    const ref = this.#ref();
    const pod = ref && this.#port.pods(this.#init.config, ref.namespace ?? '').get(ref);
    if (!pod || !this.#isMine(pod)) return undefined;
    const verdict = judge(pod);
    return verdict.kind === 'failed' ? verdict.fault : undefined;
  }

  async lastOutput(): Promise<string> {
    const ref = this.#ref();
    if (this.#output !== '' || !ref || this.#buried) return this.#output;
    const pod = await this.#port.kube.find<Pod>(PODS, ref, { timeoutMs: OUTPUT_MS, retryForMs: 0 });
    return pod && this.#isMine(pod) ? this.#lastLines(ref, pod) : '';
  }

  #lastLines(ref: Ref, pod: Pod): Promise<string> {
    return lastLines(this.#port, ref, pod, AbortSignal.timeout(OUTPUT_MS));
  }

  /** The claim goes with its user or named server, unless others share it (KubeSpawner 7.1 `delete_forever`). */
  async deleteForever(): Promise<void> {
    const { config, serverName, log } = this.#init;
    const shared = serverName !== '' && !config.pvc_name_template.includes('{user_server}');
    const { namespace, claimName } = this.#identity().names;
    if (!config.delete_pvc || shared) {
      log.info('the claim of a deleted server stays', { claim: claimName, shared });
      return;
    }
    const ref = { namespace, name: claimName };
    await this.#port.kube.delete(PERSISTENT_VOLUME_CLAIMS, ref, limitsOf(config));
  }

  #identity(): Identity {
    return Identity.of(this.#init, this.#port, this.#state);
  }

  #ref(): Ref | undefined {
    const { podName: name, namespace } = this.#state;
    return name === undefined || namespace === undefined ? undefined : { namespace, name };
  }

  /** A pod without our mark was made by KubeSpawner: then it must say whose it is. */
  #isMine(pod: Pod): boolean {
    const { spawnId } = this.#state;
    const marked = spawnIdOf(pod);
    if (spawnId !== undefined) return marked === spawnId;
    const { annotations = {} } = pod.metadata;
    return (
      annotations['hub.jupyter.org/username'] === this.#init.user.name &&
      (annotations['hub.jupyter.org/servername'] ?? '') === this.#init.serverName
    );
  }
}

function uidOf({ metadata: { uid } }: Pod): { readonly uid?: string } {
  return uid === undefined ? {} : { uid };
}
