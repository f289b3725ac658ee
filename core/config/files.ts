/**
 * Configuration files: finding them and reading each kind into settings. What the names mean is catalog.ts'
 * question.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, StartupFault } from '../fault.js';
import { isJsonObject } from '../model/json.js';
import { moduleFault, placeOfCaller } from './module-place.js';
import type { Variables } from './python/answer.js';
import { explainFault } from './python/explain.js';
import { readPythonConfig, type Surroundings } from './python/index.js';
import { type ConfigRecorder, recorder, type Sections } from './recorder.js';

type ConfigFileKind = 'module' | 'json' | 'yaml' | 'python';

export interface ConfigFile {
  readonly path: string;
  readonly kind: ConfigFileKind;
  readonly sections: Sections;
  /** Settings that could not be kept, in words: whoever starts with one of them starts with another configuration. */
  readonly faults: readonly string[];
  /** What the start goes on in spite of. */
  readonly warnings: readonly string[];
  /** For the log at debug. */
  readonly notes: readonly string[];
  /** What a Python file did to its environment, for the hub to do as well. */
  readonly variables: Variables;
}

const KINDS: Readonly<Record<string, ConfigFileKind>> = {
  '.mjs': 'module',
  '.js': 'module',
  '.json': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.py': 'python',
};
const STEM = 'jupyterhub_config';
const LONGEST_FILE = 8 * 1024 * 1024;

/**
 * The file to read: the explicit one, which must exist, or the only `jupyterhub_config.*` of the directory.
 *
 * @throws StartupFault when the explicit one is missing, or two lie side by side
 */
export function findConfigFile(cwd: string, explicit: string | undefined): string | undefined {
  if (explicit !== undefined) {
    const path = resolvePath(cwd, explicit);
    if (existsSync(path) && statSync(path).isFile()) return path;
    throw new StartupFault([`configuration file ${explicit} does not exist (looked in ${cwd})`]);
  }
  const found = Object.keys(KINDS)
    .map((extension) => `${STEM}${extension}`)
    .filter((name) => existsSync(resolvePath(cwd, name)));
  if (found.length > 1) {
    throw new StartupFault([
      `${found.join(' and ')} lie side by side in ${cwd}; keep one, or name it with -f`,
    ]);
  }
  return found[0] === undefined ? undefined : resolvePath(cwd, found[0]);
}

/**
 * @param surroundings what a Python file sees
 * @throws StartupFault naming the file and what is wrong with it
 */
export async function readConfigFile(path: string, surroundings: Surroundings): Promise<ConfigFile> {
  const kind = KINDS[extname(path).toLowerCase()];
  if (kind === undefined) {
    throw new StartupFault([`${path}: a configuration ends in .mjs, .js, .json, .yaml or .py`]);
  }
  if (kind === 'python') {
    const { unkept, ...rest } = await readPythonConfig(path, surroundings);
    const faults = unkept.map((fault) => explainFault(fault, path));
    return { path, kind, faults, ...rest };
  }
  try {
    const sections = kind === 'module' ? await readModule(path) : await readData(path, kind);
    return { path, kind, sections, faults: [], warnings: [], notes: [], variables: {} };
  } catch (error) {
    if (error instanceof StartupFault) throw error;
    throw new StartupFault([`${path}: ${messageOf(error)}`]);
  }
}

async function readModule(path: string): Promise<Sections> {
  try {
    return await runModule(path);
  } catch (error) {
    if (error instanceof StartupFault) throw error;
    throw new StartupFault([await moduleFault(path, error)]);
  }
}

async function runModule(path: string): Promise<Sections> {
  const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  const configure = loaded.default;
  if (typeof configure !== 'function') {
    throw new StartupFault([
      `${path}: must export a function: export default (c) => { c.JupyterHub.bind_url = '…'; }`,
    ]);
  }
  const sections: Sections = new Map();
  await (configure as (c: ConfigRecorder) => unknown)(recorder(sections, () => placeOfCaller(path)));
  return sections;
}

async function readData(path: string, kind: 'json' | 'yaml'): Promise<Sections> {
  if (statSync(path).size > LONGEST_FILE)
    throw new StartupFault([`${path}: is larger than ${LONGEST_FILE} bytes`]);
  const text = readFileSync(path, 'utf8');
  const data: unknown = kind === 'json' ? JSON.parse(text) : await parseYaml(text);
  return sectionsOf(path, data);
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { maxAliasCount: 100 }) ?? {};
}

/** traitlets' JSON form: an object per class, and an optional `version`, which is 1. */
function sectionsOf(path: string, data: unknown): Sections {
  if (!isJsonObject(data)) throw new StartupFault([`${path}: must hold one object: {"JupyterHub": {…}}`]);
  const faults: string[] = [];
  const sections: Sections = new Map();
  for (const [name, section] of Object.entries(data)) {
    if (name === 'version') {
      if (section !== 1) faults.push(`${path}: version is ${JSON.stringify(section)}; only 1 is known`);
    } else if (!isJsonObject(section)) {
      faults.push(`${path}: ${name} must hold an object of settings, e.g. {"JupyterHub": {"port": 8000}}`);
    } else {
      const settings = Object.entries(section).map(
        ([trait, value]) => [trait, [{ kind: 'value' as const, value, source: path }]] as const,
      );
      sections.set(name, new Map(settings.map(([trait, values]) => [trait, [...values]])));
    }
  }
  if (faults.length > 0) throw new StartupFault(faults);
  return sections;
}
