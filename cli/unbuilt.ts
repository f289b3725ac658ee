/**
 * Settings whose behaviour is not built yet, in one place. Set to anything but the default, on a class that is
 * in use, such a setting refuses the start: nothing is accepted and ignored. Built it? Take its line away.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ClassDeclaration } from '../core/config/declare.js';
import { lineage } from '../core/config/declare.js';
import type { ResolvedConfig } from '../core/config/resolved.js';

const PYTHON_LOGGING = 'it configures the logging of Python, which is not here';
const BEFORE_IDPS = 'OAuthenticator 17 has taken it out; write idps';
const INTERNAL_SSL = 'TLS between hub, proxy and servers is not built yet';

/** From `Class.trait` to the reason. */
export const UNBUILT: Readonly<Record<string, string>> = {
  'Application.log_datefmt': PYTHON_LOGGING,
  'Application.log_format': PYTHON_LOGGING,
  'Application.logging_config': PYTHON_LOGGING,
  'CILogonOAuthenticator.additional_username_claims': BEFORE_IDPS,
  'CILogonOAuthenticator.idp': BEFORE_IDPS,
  'CILogonOAuthenticator.idp_whitelist': BEFORE_IDPS,
  'CILogonOAuthenticator.shown_idps': BEFORE_IDPS,
  'CILogonOAuthenticator.strip_idp_domain': BEFORE_IDPS,
  'CILogonOAuthenticator.username_claim': BEFORE_IDPS,
  'JupyterHub.data_files_path':
    'templates and static files come with the package; add yours with template_paths',
  'JupyterHub.debug_db': 'logging of statements is not built yet',
  'JupyterHub.external_ssl_authorities': INTERNAL_SSL,
  'JupyterHub.extra_handlers': 'handlers of the Python hub cannot run here; use a service',
  'JupyterHub.extra_log_file': 'redirect the output instead',
  'JupyterHub.extra_log_handlers': PYTHON_LOGGING,
  'JupyterHub.generate_certs': INTERNAL_SSL,
  'JupyterHub.internal_certs_location': INTERNAL_SSL,
  'JupyterHub.internal_ssl': INTERNAL_SSL,
  'JupyterHub.recreate_internal_certs': INTERNAL_SSL,
  'JupyterHub.trusted_alt_names': INTERNAL_SSL,
  'Spawner.ssl_alt_names': INTERNAL_SSL,
  'Spawner.ssl_alt_names_include_local': INTERNAL_SSL,
};

/** Settings that change nothing a user, client or operator could see; set, they are named once in the log. */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  'Authenticator.any_allow_config': 'it only silences a warning that is not given here',
  'CryptKeeper.n_threads': 'encryption needs no threads of its own here',
  'JupyterHub.active_user_window': 'it only counts users for a line of the log',
  'JupyterHub.confirm_no_ssl': 'it does nothing',
  'KubeSpawner.k8s_api_threadpool_workers': 'there are no threads; KubeSpawner 7 does not read it either',
  'JupyterHub.forwarded_host_header': 'JupyterHub 6.1.1 does not read it either',
};

export function warningsOfNoEffect(
  config: ResolvedConfig,
  inUse: readonly ClassDeclaration[],
): readonly string[] {
  return [...touched(config, inUse, WITHOUT_EFFECT)].map(
    ([name]) => `c.${name} has no effect: ${WITHOUT_EFFECT[name]}`,
  );
}

export function unbuiltFaults(config: ResolvedConfig, inUse: readonly ClassDeclaration[]): readonly string[] {
  return [...touched(config, inUse, UNBUILT)].map(([name, { declaration, trait }]) =>
    config.faultAt(declaration, trait, `${UNBUILT[name]}; take the setting out`),
  );
}

interface Touched {
  readonly declaration: ClassDeclaration<Readonly<Record<string, unknown>>>;
  readonly trait: string;
}

/** By its name in the table, each setting that is configured otherwise than by default, and the class in use that has it. */
function touched(
  config: ResolvedConfig,
  inUse: readonly ClassDeclaration[],
  table: Readonly<Record<string, string>>,
): ReadonlyMap<string, Touched> {
  const found = new Map<string, Touched>();
  for (const declaration of inUse) {
    const { values, configured } = config.resolution(declaration);
    for (const trait of configured) {
      const owner = lineage(declaration).find((each) => table[`${each.name}.${trait}`] !== undefined);
      const given = (values as Readonly<Record<string, unknown>>)[trait];
      if (owner && !isDeepStrictEqual(given, declaration.traits[trait]?.default))
        found.set(`${owner.name}.${trait}`, { declaration: declaration as Touched['declaration'], trait });
    }
  }
  return found;
}
