/**
 * Settings whose behaviour is not built yet, in one place. Set to anything but the default, on a class that is
 * in use, such a setting refuses the start: nothing is accepted and ignored. Built it? Take its line away.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ClassDeclaration } from '../core/config/declare.js';
import { lineage } from '../core/config/declare.js';
import type { ResolvedConfig } from '../core/config/resolved.js';

const PYTHON_LOGGING = 'it configures the logging of Python, which is not here';
const INTERNAL_SSL = 'TLS between hub, proxy and servers is not built yet';

/** From `Class.trait` to the reason. */
export const UNBUILT: Readonly<Record<string, string>> = {
  'Application.log_datefmt': PYTHON_LOGGING,
  'Application.log_format': PYTHON_LOGGING,
  'Application.logging_config': PYTHON_LOGGING,
  'JupyterHub.admin_access':
    'the deprecated switch is not built; give the scope access:servers to a role with JupyterHub.load_roles',
  'JupyterHub.data_files_path':
    'templates and static files come with the package; add yours with template_paths',
  'JupyterHub.external_ssl_authorities': INTERNAL_SSL,
  'JupyterHub.extra_handlers': 'handlers of the Python hub cannot run here; use a service',
  'JupyterHub.extra_log_file': 'redirect the output instead',
  'JupyterHub.extra_log_handlers': PYTHON_LOGGING,
  'JupyterHub.generate_certs': INTERNAL_SSL,
  'JupyterHub.internal_certs_location': INTERNAL_SSL,
  'JupyterHub.internal_ssl': INTERNAL_SSL,
  'JupyterHub.jinja_environment_options': 'pages are not made by Jinja here',
  'JupyterHub.recreate_internal_certs': INTERNAL_SSL,
  'JupyterHub.trusted_alt_names': INTERNAL_SSL,
  'Spawner.ssl_alt_names': INTERNAL_SSL,
  'Spawner.ssl_alt_names_include_local': INTERNAL_SSL,
};

export function unbuiltFaults(config: ResolvedConfig, inUse: readonly ClassDeclaration[]): readonly string[] {
  const faults = new Set<string>();
  for (const declaration of inUse) {
    const { values, configured } = config.resolution(declaration);
    for (const trait of configured) {
      const owner = lineage(declaration).find((each) => UNBUILT[`${each.name}.${trait}`] !== undefined);
      const given = (values as Readonly<Record<string, unknown>>)[trait];
      if (!owner || isDeepStrictEqual(given, declaration.traits[trait]?.default)) continue;
      faults.add(`c.${owner.name}.${trait}: ${UNBUILT[`${owner.name}.${trait}`]}; take the setting out`);
    }
  }
  return [...faults];
}
