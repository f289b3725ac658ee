/**
 * The configuration of one start, from all sources, wholly checked: all faults come at once.
 *
 * Owns: the order of the steps. Does not own: reading (core/config), which plug-ins there are (builtins.ts),
 * what is not built (unbuilt.ts).
 */
import type { ParsedArguments } from '../core/config/argv.js';
import type { Catalog } from '../core/config/catalog.js';
import { checkNames } from '../core/config/catalog.js';
import type { ClassDeclaration, ConfigFault } from '../core/config/declare.js';
import { resolve } from '../core/config/declare.js';
import { moveDeprecated } from '../core/config/deprecated.js';
import { findConfigFile, readConfigFile } from '../core/config/files.js';
import type { Variables } from '../core/config/python/answer.js';
import type { Sections } from '../core/config/recorder.js';
import { type Environment, faultLine, ResolvedConfig } from '../core/config/resolved.js';
import type { ConfigTree, Setting } from '../core/config/tree.js';
import type { HubSettings, SelectedClasses } from '../core/plugin/selection.js';
import { JupyterHubClass } from '../hub/config.js';
import { SLOTS, type Slot, type SlotKinds, type SlotName } from './builtins.js';
import { catalogWith, HUB_CLASSES } from './classes.js';
import { crossFaults } from './cross-rules.js';
import { type Chosen, choose } from './plugins.js';
import { proxyApiUrl } from './proxy-api-url.js';
import { unbuiltFaults, warningsOfNoEffect } from './unbuilt.js';

export interface LoadOptions {
  readonly arguments: ParsedArguments;
  readonly env: Environment;
  readonly cwd: string;
}

type ChosenPlugins = { readonly [Name in SlotName]: Chosen<SlotKinds[Name]> };

export interface LoadedConfig {
  readonly config: HubSettings;
  readonly catalog: Catalog;
  /** Whatever forbids a start. Without faults `plugins` is complete. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  /** For the log at debug. */
  readonly notes: readonly string[];
  /** What the file did to the environment; the answer is made with it. */
  readonly variables: Variables;
  /** The chosen plug-ins, not loaded yet. */
  readonly plugins: ChosenPlugins;
}

const FALLBACK: Readonly<Record<SlotName, ClassDeclaration>> = {
  spawner: SLOTS.spawner.base,
  authenticator: SLOTS.authenticator.base,
  proxy: SLOTS.proxy.base,
};

/**
 * Every fault of the configuration is in the answer, so that it can be shown beside its faults.
 *
 * @throws StartupFault when the file cannot be found or read at all
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { arguments: given, cwd } = options;
  const path = findConfigFile(cwd, explicitFile(given.sections));
  const file = path === undefined ? undefined : await readConfigFile(path, { cwd, env: options.env });
  const env = changed(options.env, file?.variables ?? {});
  const raw = merge(file?.sections ?? new Map(), given.sections);
  const choice = await choosePlugins(raw, env, cwd);
  const catalog = catalogWith(Object.values(choice.declarations));
  const moved = moveDeprecated(raw, catalog);
  const tree = proxyApiUrl(moved.tree, env);
  const names = checkNames(tree, catalog, given.flags.has('allow-unknown-classes'));
  const config: HubSettings = new ResolvedConfig<SelectedClasses>({
    tree,
    env,
    selected: choice.declarations as SelectedClasses,
    ...(file && { file }),
  });
  const inUse = [...HUB_CLASSES, ...Object.values(choice.declarations)];
  const values = checkValues(config, catalog, inUse);
  const unkept = file?.faults ?? [];
  // without a setting that could not be kept, rules between settings only seem broken; what was set and is wrong by itself
  // is wrong in any case
  const whole = unkept.length === 0;
  const faults = [
    ...given.faults,
    ...unkept,
    ...choice.faults.map(({ trait, message }) => config.faultAt(JupyterHubClass, trait, message)),
    ...lines([...names.faults, ...values.faults.filter((fault) => whole || fault.source !== '')]),
    ...unbuiltFaults(config, inUse),
    ...(whole ? crossFaults(config) : []),
  ];
  return {
    config,
    catalog,
    faults,
    warnings: [
      ...(file?.warnings ?? []),
      ...moved.warnings,
      ...names.warnings,
      ...lines(values.warnings),
      ...warningsOfNoEffect(config, inUse),
    ],
    notes: file?.notes ?? [],
    variables: file?.variables ?? {},
    plugins: choice.plugins as ChosenPlugins,
  };
}

function changed(env: Environment, variables: Variables): Environment {
  const changes = Object.entries(variables).map(([name, value]) => [name, value ?? undefined] as const);
  return { ...env, ...Object.fromEntries(changes) };
}

/** `-f`, as far as it was given: the last one counts. */
function explicitFile(sections: Sections): string | undefined {
  const setting = sections.get('JupyterHub')?.get('config_file')?.at(-1);
  return setting?.kind === 'texts' ? setting.texts.at(-1) : undefined;
}

function merge(...sources: readonly Sections[]): ConfigTree {
  const tree = new Map<string, Map<string, readonly Setting[]>>();
  for (const source of sources) {
    for (const [className, traits] of source) {
      const section = tree.get(className) ?? new Map<string, readonly Setting[]>();
      tree.set(className, section);
      for (const [trait, settings] of traits)
        section.set(trait, [...(section.get(trait) ?? []), ...settings]);
    }
  }
  return tree;
}

interface Choice {
  readonly declarations: Readonly<Record<SlotName, ClassDeclaration>>;
  readonly plugins: Partial<Record<SlotName, Chosen>>;
  readonly faults: readonly ChoiceFault[];
}

interface ChoiceFault {
  readonly trait: Slot['trait'];
  readonly message: string;
}

async function choosePlugins(tree: ConfigTree, env: Environment, cwd: string): Promise<Choice> {
  const { values } = resolve(JupyterHubClass, tree, env);
  const declarations: Record<SlotName, ClassDeclaration> = { ...FALLBACK };
  const plugins: Partial<Record<SlotName, Chosen>> = {};
  const faults: ChoiceFault[] = [];
  for (const name of ['spawner', 'authenticator', 'proxy'] as const) {
    const slot = SLOTS[name];
    const chosen = await choose<unknown>(slot, values[slot.trait], cwd);
    if (typeof chosen === 'string') faults.push({ trait: slot.trait, message: chosen });
    else {
      plugins[name] = chosen;
      declarations[name] = chosen.declaration;
    }
  }
  return { declarations, plugins, faults };
}

interface ValueCheck {
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
}

/** Classes in use with their rules; the others as far as a configuration speaks of them, values only. */
function checkValues(config: HubSettings, catalog: Catalog, inUse: readonly ClassDeclaration[]): ValueCheck {
  const idle = catalog.classes.filter((each) => !inUse.includes(each) && config.tree.has(each.name));
  const used = inUse.map((declaration) => config.resolution(declaration));
  const unused = idle.flatMap((declaration) => config.resolution(declaration).faults);
  return {
    faults: [...used.flatMap((each) => each.faults), ...unused.filter((fault) => fault.source !== '')],
    warnings: used.flatMap((each) => each.warnings),
  };
}

/** One line per fault; a parent's fault seen through two heirs is one. */
function lines(faults: readonly ConfigFault[]): readonly string[] {
  return [...new Set(faults.map(faultLine))];
}
