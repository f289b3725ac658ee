import type { KubeSpawnerConfig } from '../traits.js';
import type { Settled } from './server.js';

/** Calls the settings that are functions of the spawner. @throws whatever such a function throws */
export async function settle(
  config: Pick<KubeSpawnerConfig, keyof Settled>,
  spawner: unknown,
): Promise<Settled> {
  const value = async <T>(setting: T | ((spawner: unknown) => T | Promise<T>)): Promise<T> =>
    typeof setting === 'function'
      ? (setting as (spawner: unknown) => T | Promise<T>)(spawner)
      : Promise.resolve(setting);
  return {
    uid: await value<number | null>(config.uid),
    gid: await value<number | null>(config.gid),
    fs_gid: await value<number | null>(config.fs_gid),
    supplemental_gids: await value<readonly number[] | null>(config.supplemental_gids),
    container_security_context: await value<Settled['container_security_context']>(
      config.container_security_context,
    ),
    pod_security_context: await value<Settled['pod_security_context']>(config.pod_security_context),
  };
}
