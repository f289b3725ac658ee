import type { ClassDeclaration } from '../config/declare.js';
import type { ResolvedConfig } from '../config/resolved.js';
import type { AuthenticatorConfig } from './authenticator-traits.js';
import type { SpawnerConfig } from './spawner-traits.js';

/** The classes that a configuration chose; `config.of(config.selected.spawner)` has at least Spawner's values. */
export type SelectedClasses = {
  readonly spawner: ClassDeclaration<SpawnerConfig>;
  readonly authenticator: ClassDeclaration<AuthenticatorConfig>;
  readonly proxy: ClassDeclaration;
};

/** What the hub is configured with. */
export type HubSettings = ResolvedConfig<SelectedClasses>;
