import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { run } from './child.js';

/** The versions that Anteroom matches; `record/record.sh` installs the same. */
export const JUPYTERHUB_VERSION = '6.1.1';
export const CHP_VERSION = '5.3.0';
const OAUTHENTICATOR_VERSION = '17.4.0';
const OIDC_PROVIDER_VERSION = '9.13.3';
const SCHEMATHESIS_VERSION = '4.32.5';
const KUBESPAWNER_VERSION = '7.1.0';
const KUBERNETES_VALIDATE_VERSION = '1.37.0';

const CACHE = join(import.meta.dirname, '../../../.cache');
const INSTALL_LIMIT_MS = 8 * 60_000;

interface Venv {
  readonly directory: string;
  readonly python: string;
  /** JupyterHub's command. */
  readonly jupyterhub: string;
  /** This process's environment with the Python environment and the proxy first in PATH. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * JupyterHub 6.1.1 with JupyterLab, psycopg2 and the idle culler in `.cache/jupyterhub-venv`, made when missing.
 * @throws Error with the installer's last lines when the machine has no python3 with venv, or no package index
 */
export async function ensureVenv(): Promise<Venv> {
  const directory = join(CACHE, 'jupyterhub-venv');
  const bin = join(directory, 'bin');
  const jupyterhub = join(bin, 'jupyterhub');
  const chp = await ensureChp();
  await once(
    'jupyterhub-venv',
    () => hasVersion(jupyterhub, JUPYTERHUB_VERSION),
    async (log) => {
      await run(['python3', '-m', 'venv', directory], log, INSTALL_LIMIT_MS);
      const packages = [
        `jupyterhub==${JUPYTERHUB_VERSION}`,
        'jupyterlab',
        'psycopg2-binary',
        'jupyterhub-idle-culler',
      ];
      await run([join(bin, 'pip'), 'install', '-q', ...packages], log, INSTALL_LIMIT_MS);
    },
  );
  const path = [bin, dirname(chp), process.env['PATH'] ?? ''].join(delimiter);
  return { directory, jupyterhub, python: join(bin, 'python'), environment: { ...process.env, PATH: path } };
}

/**
 * configurable-http-proxy 5.3.0 in `.cache/chp`, installed when missing.
 * @returns path of its command
 * @throws Error with npm's last lines when it cannot be installed
 */
export async function ensureChp(): Promise<string> {
  const directory = join(CACHE, 'chp');
  const command = join(directory, 'node_modules/.bin/configurable-http-proxy');
  await once(
    'chp',
    () => hasVersion(command, CHP_VERSION),
    async (log) => {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
      const install = ['install', '--no-audit', '--no-fund', `configurable-http-proxy@${CHP_VERSION}`];
      await run(['npm', ...install], log, INSTALL_LIMIT_MS, { cwd: directory });
    },
  );
  return command;
}

/**
 * The examples of JupyterHub's own source package, in `.cache/sdist`, fetched when missing. They are run as they are.
 * @returns their folder
 * @throws Error with pip's last lines when there is no package index
 */
export async function ensureExamples(): Promise<string> {
  const { python } = await ensureVenv();
  const sdist = join(CACHE, 'sdist');
  const examples = join(sdist, `jupyterhub-${JUPYTERHUB_VERSION}`, 'examples');
  await once(
    'jupyterhub-examples',
    async () => existsSync(join(examples, 'service-whoami', 'whoami.py')),
    async (log) => {
      const source = `jupyterhub==${JUPYTERHUB_VERSION}`;
      const download = ['-m', 'pip', 'download', '-q', '--no-deps', '--no-binary', ':all:', '-d', sdist];
      await mkdir(sdist, { recursive: true });
      await run([python, ...download, source], log, INSTALL_LIMIT_MS);
      const archive = `jupyterhub-${JUPYTERHUB_VERSION}.tar.gz`;
      await run(['tar', '-xzf', archive], log, INSTALL_LIMIT_MS, { cwd: sdist });
    },
  );
  return examples;
}

/**
 * JupyterHub with what its own tests need, in `.cache/jupyterhub-tests-venv`, made when missing. Apart from the other,
 * so that those do not run with more installed than an operator has.
 * @returns path of its python
 * @throws Error with pip's last lines when there is no package index
 */
export async function ensureJupyterhubTests(): Promise<string> {
  const directory = join(CACHE, 'jupyterhub-tests-venv');
  const bin = join(directory, 'bin');
  await once(
    'jupyterhub-tests-venv',
    async () =>
      existsSync(join(bin, 'pytest')) && (await hasVersion(join(bin, 'jupyterhub'), JUPYTERHUB_VERSION)),
    async (log) => {
      await run(['python3', '-m', 'venv', directory], log, INSTALL_LIMIT_MS);
      const install = ['install', '-q', `jupyterhub[test]==${JUPYTERHUB_VERSION}`];
      await run([join(bin, 'pip'), ...install], log, INSTALL_LIMIT_MS);
    },
  );
  return join(bin, 'python');
}

/**
 * schemathesis in `.cache/schemathesis-venv`, made when missing.
 * @returns path of its command
 * @throws Error with pip's last lines when there is no package index
 */
export async function ensureSchemathesis(): Promise<string> {
  const directory = join(CACHE, 'schemathesis-venv');
  const command = join(directory, 'bin', 'schemathesis');
  await once(
    'schemathesis-venv',
    () => hasVersion(command, `schemathesis, version ${SCHEMATHESIS_VERSION}`),
    async (log) => {
      await run(['python3', '-m', 'venv', directory], log, INSTALL_LIMIT_MS);
      const install = ['install', '-q', `schemathesis==${SCHEMATHESIS_VERSION}`];
      await run([join(directory, 'bin', 'pip'), ...install], log, INSTALL_LIMIT_MS);
    },
  );
  return command;
}

/**
 * oidc-provider in `.cache/oidc-provider`, installed when missing.
 * @returns the folder that has it among its modules
 * @throws Error with npm's last lines when it cannot be installed
 */
export async function ensureOidcProvider(): Promise<string> {
  const directory = join(CACHE, 'oidc-provider');
  const manifest = join(directory, 'node_modules/oidc-provider/package.json');
  await once(
    'oidc-provider',
    async () => existsSync(manifest) && (await readFile(manifest, 'utf8')).includes(OIDC_PROVIDER_VERSION),
    async (log) => {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
      const install = ['install', '--no-audit', '--no-fund', `oidc-provider@${OIDC_PROVIDER_VERSION}`];
      await run(['npm', ...install], log, INSTALL_LIMIT_MS, { cwd: directory });
    },
  );
  return directory;
}

/**
 * JupyterHub 6.1.1 with OAuthenticator 17, and what that reads Google groups with, in `.cache/oauthenticator-venv`, made when missing.
 * @returns path of its python
 * @throws Error with pip's last lines when there is no package index
 */
export async function ensureOAuthenticator(): Promise<string> {
  const directory = join(CACHE, 'oauthenticator-venv');
  const python = join(directory, 'bin', 'python');
  await once(
    'oauthenticator-venv',
    async () =>
      (await hasPackage(python, 'oauthenticator', OAUTHENTICATOR_VERSION)) &&
      (await hasPackage(python, 'google-auth')),
    async (log) => {
      await run(['python3', '-m', 'venv', directory], log, INSTALL_LIMIT_MS);
      const packages = [
        `jupyterhub==${JUPYTERHUB_VERSION}`,
        `oauthenticator[googlegroups]==${OAUTHENTICATOR_VERSION}`,
      ];
      await run([join(directory, 'bin', 'pip'), 'install', '-q', ...packages], log, INSTALL_LIMIT_MS);
    },
  );
  return python;
}

/** @param version any, unless it is given */
async function hasPackage(python: string, name: string, version?: string): Promise<boolean> {
  if (!existsSync(python)) return false;
  const script = `import importlib.metadata as m; print(m.version('${name}'))`;
  const found = await promisify(execFile)(python, ['-c', script], { timeout: 60_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
  return version === undefined ? found !== '' : found === version;
}

/**
 * KubeSpawner 7.1 with JupyterHub 6.1.1, and Kubernetes' schemas, in `.cache/kubespawner-venv`, made when missing.
 * @returns path of its Python
 * @throws Error with pip's last lines when there is no package index
 */
export async function ensureKubeSpawner(): Promise<{ readonly python: string }> {
  const directory = join(CACHE, 'kubespawner-venv');
  const python = join(directory, 'bin', 'python');
  const packages = {
    jupyterhub: JUPYTERHUB_VERSION,
    'jupyterhub-kubespawner': KUBESPAWNER_VERSION,
    'kubernetes-validate': KUBERNETES_VALIDATE_VERSION,
  };
  const wanted = Object.entries(packages).map(([name, version]) => `${name}==${version}`);
  const probe = `from importlib.metadata import version\nfor n in ${JSON.stringify(Object.keys(packages))}: print(f'{n}=={version(n)}')`;
  const installed = async (): Promise<boolean> => {
    if (!existsSync(python)) return false;
    const { stdout } = await promisify(execFile)(python, ['-c', probe], { timeout: 60_000 }).catch(
      // a half-made installation knows no versions: it is made again
      () => ({ stdout: '' }),
    );
    return stdout.trim() === wanted.join('\n');
  };
  await once('kubespawner-venv', installed, async (log) => {
    await run(['python3', '-m', 'venv', directory], log, INSTALL_LIMIT_MS);
    await run([join(directory, 'bin', 'pip'), 'install', '-q', ...wanted], log, INSTALL_LIMIT_MS);
  });
  return { python };
}

async function hasVersion(command: string, version: string): Promise<boolean> {
  if (!existsSync(command)) return false;
  const found = await promisify(execFile)(command, ['--version'], { timeout: 60_000 }).then(
    ({ stdout }) => stdout.trim(),
    // a half-made installation cannot say its version: it is made again
    (error: unknown) => String(error),
  );
  return found === version;
}

/**
 * Installs unless it is there; of several processes that want it one works and the others wait. The lock is a file
 * with the worker's pid, so that a killed one does not keep the rest out.
 */
async function once(name: string, present: () => Promise<boolean>, install: (log: string) => Promise<void>) {
  if (await present()) return;
  await mkdir(CACHE, { recursive: true });
  const lock = join(CACHE, `${name}.lock`);
  const end = Date.now() + INSTALL_LIMIT_MS;
  while (!(await take(lock))) {
    if (Date.now() > end) throw new Error(`${name}: another process was not done installing; see ${lock}`);
    await sleep(500);
  }
  try {
    if (!(await present())) await install(join(CACHE, `${name}.log`));
    if (!(await present()))
      throw new Error(`${name} was installed but does not answer with the right version`);
  } finally {
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
