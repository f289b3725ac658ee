import type { SpawnerInit } from '../../core/plugin/spawner.js';
import type { ClusterPort } from './cluster-port.js';
import { fieldsOf, legacyClaimName, namesOf, type ObjectNames, type Owner } from './names/names.js';
import type { Fields } from './names/template.js';
import type { PodState } from './state.js';
import type { KubeSpawnerConfig } from './traits.js';

/** Whose server it is and what its objects are called. */
export class Identity {
  readonly config: KubeSpawnerConfig;
  readonly owner: Owner;
  readonly names: ObjectNames;
  readonly fields: Fields;
  readonly #hubNamespace: string;

  private constructor(config: KubeSpawnerConfig, owner: Owner, names: ObjectNames, hubNamespace: string) {
    this.config = config;
    this.owner = owner;
    this.names = names;
    this.#hubNamespace = hubNamespace;
    const { namespace, podName, claimName } = names;
    this.fields = fieldsOf(owner, config.slug_scheme, hubNamespace, { namespace, podName, claimName });
  }

  /** @param state names that stand, whatever the templates say by now */
  static of(
    { config, user, serverName }: Pick<SpawnerInit<KubeSpawnerConfig>, 'config' | 'user' | 'serverName'>,
    { hubNamespace, baseConfig }: Pick<ClusterPort, 'hubNamespace' | 'baseConfig'>,
    state: PodState,
  ): Identity {
    const owner = { userId: user.id, userName: user.name, serverName };
    // a profile or hook that names a namespace means it
    const keepNamespace = config.namespace === baseConfig.namespace;
    const names = namesOf(config, owner, hubNamespace, {
      ...(state.namespace !== undefined && keepNamespace && { namespace: state.namespace }),
      ...(state.podName !== undefined && { podName: state.podName }),
      ...(state.dnsName !== undefined && { dnsName: state.dnsName }),
      ...(state.claimName !== undefined && config.remember_pvc_name && { claimName: state.claimName }),
    });
    return new Identity(config, owner, names, hubNamespace);
  }

  withClaim(claimName: string): Identity {
    return new Identity(this.config, this.owner, { ...this.names, claimName }, this.#hubNamespace);
  }

  /** What KubeSpawner before 7 called the claim. */
  legacyClaim(): string {
    const { namespace, podName } = this.names;
    return legacyClaimName(this.config, this.owner, this.#hubNamespace, { namespace, podName });
  }
}
