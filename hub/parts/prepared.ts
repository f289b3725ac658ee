/**
 * Parts that need no database and nothing that runs: made before both, so that what is wrong with them is told together with
 * the faults of the plug-ins.
 */
import { resolve } from 'node:path';
import { messageOf, StartupFault } from '../../core/fault.js';
import { gather } from '../../core/gather.js';
import type { Log } from '../../core/log.js';
import type { HubSettings } from '../../core/plugin/selection.js';
import { ScopeRegistry } from '../../core/scopes/index.js';
import { hubAddresses } from '../addresses.js';
import { planConfiguredRoles } from '../boot.js';
import { AnteroomClass, JupyterHubClass } from '../config.js';
import { provideOutputFolder } from '../output-folder.js';
import { createRenderer, type Renderer } from '../pages/renderer.js';
import { readLogo, type StaticFile } from '../pages/static.js';
import type { RolePlan } from '../rbac/index.js';
import { programFaults } from '../services/index.js';
import { loadCookieSecret } from '../session/index.js';
import { readTornadoSettings, type TornadoSettings } from '../tornado-settings.js';

export interface PreparedParts {
  readonly tornado: TornadoSettings;
  readonly registry: ScopeRegistry;
  /** Undefined where the authenticator manages roles, and has to be asked first. */
  readonly roles: RolePlan | undefined;
  readonly cookieSecret: Uint8Array;
  readonly outputDir: string;
  readonly renderer: Renderer;
  readonly logo: StaticFile;
}

interface PrepareOptions {
  readonly config: HubSettings;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths of the configuration start here. */
  readonly cwd: string;
}

/** @throws StartupFault with every fault */
export async function prepareParts(options: PrepareOptions): Promise<PreparedParts> {
  const { config, log } = options;
  const hub = config.of(JupyterHubClass);
  const registry = new ScopeRegistry((scope) => log.debug('scope means nothing for its owner', { scope }));
  const { manage_roles: managed } = config.of(config.selected.authenticator);
  const { programs: _checked, ...parts } = await gather({
    tornado: () => readTornadoSettings(hub.tornado_settings),
    roles: () => (managed ? undefined : planConfiguredRoles(registry, hub, log)),
    renderer: () => rendererOf(options),
    logo: () => readLogo(hub.logo_file),
    programs: () => requirePrograms(options),
    cookieSecret: () => cookieSecretOf(options),
    outputDir: () => outputFolderOf(options),
  });
  return { ...parts, registry };
}

function rendererOf({ config }: PrepareOptions): Renderer {
  const hub = config.of(JupyterHubClass);
  return createRenderer({
    templatePaths: hub.template_paths.map(String),
    staticUrl: `${hubAddresses(hub).hubPrefix}static/`,
    globals: { hub_name: 'Anteroom' },
    environmentOptions: hub.jinja_environment_options,
  });
}

function requirePrograms({ config, environment, cwd }: PrepareOptions): void {
  const faults = programFaults(config.of(JupyterHubClass).services, { cwd, environment });
  if (faults.length > 0) throw new StartupFault(faults);
}

function cookieSecretOf({ config, environment, cwd, log }: PrepareOptions): Promise<Uint8Array> {
  const hub = config.of(JupyterHubClass);
  return loadCookieSecret(
    {
      configured: hub.cookie_secret,
      environment: environment['JPY_COOKIE_SECRET'],
      file: resolve(cwd, hub.cookie_secret_file),
    },
    log,
  );
}

async function outputFolderOf({ config, cwd }: PrepareOptions): Promise<string> {
  const path = resolve(cwd, config.of(AnteroomClass).spawner_log_dir || 'anteroom-logs');
  try {
    return await provideOutputFolder(path);
  } catch (error) {
    const message = `${path} cannot be made (${messageOf(error)})`;
    throw new StartupFault([config.faultAt(AnteroomClass, 'spawner_log_dir', message)]);
  }
}
