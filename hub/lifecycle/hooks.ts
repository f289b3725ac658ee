import type { ClassDeclaration } from '../../core/config/declare.js';
import { Fault, messageOf } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import { HookFault } from './failure.js';
import type { SpawnerChoice } from './types.js';
import { type SpawnerView, setTrait } from './view.js';

/** Runs a hook of the configuration; what it throws becomes a HookFault that names it. */
export async function callHook<T>(name: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new HookFault(error, name);
  }
}

/** A setting that may be a function of the spawner. */
export async function valueOrCall<T>(
  name: string,
  setting: T | ((spawner: SpawnerView) => T | Promise<T>),
  view: SpawnerView,
): Promise<T> {
  if (typeof setting !== 'function') return setting;
  const call = setting as (spawner: SpawnerView) => T | Promise<T>;
  return callHook(name, () => call(view));
}

interface Override {
  readonly groups: readonly unknown[];
  readonly spawner_override: Readonly<Record<string, unknown>>;
}

/**
 * `Spawner.group_overrides`: in the order of their keys, every override of a group that the user is in. Dictionaries
 * are merged key by key, where null deletes; other values replace.
 */
export async function applyGroupOverrides(
  view: SpawnerView,
  declaration: ClassDeclaration,
  log: Log,
): Promise<void> {
  const setting = view['group_overrides'] as Readonly<Record<string, unknown>>;
  const overrides = (await valueOrCall<unknown>('group_overrides', setting, view)) ?? {};
  if (typeof overrides !== 'object') throw badOverride('must be a dictionary');
  const mine = new Set(view.user.groups.map((group) => group.name));
  for (const [key, entry] of Object.entries(overrides).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isOverride(entry)) throw badOverride(`${key} needs "groups" and "spawner_override"`);
    if (!entry.groups.some((group) => typeof group === 'string' && mine.has(group))) continue;
    for (const [trait, given] of Object.entries(entry.spawner_override)) {
      const value = await valueOrCall(`group_overrides[${key}].${trait}`, given, view);
      const merged = mergeInto(view[trait], value);
      if (!setTrait(view, declaration, trait, merged)) {
        log.error('group_overrides names a trait that this spawner does not have', { key, trait });
      }
    }
  }
}

function isOverride(entry: unknown): entry is Override {
  if (typeof entry !== 'object' || entry === null) return false;
  const { groups, spawner_override: override } = entry as Partial<Override>;
  return Array.isArray(groups) && typeof override === 'object' && override !== null;
}

function badOverride(detail: string): Fault {
  return new Fault('SPAWN_OPTIONS', 'The settings of the server are not valid: group_overrides.', {
    detail: `Spawner.group_overrides ${detail}`,
  });
}

function mergeInto(old: unknown, next: unknown): unknown {
  if (!isDictionary(old) || !isDictionary(next)) return next;
  const merged: Record<string, unknown> = { ...old };
  for (const [key, value] of Object.entries(next)) {
    if (value === null) delete merged[key];
    else merged[key] = mergeInto(old[key], value);
  }
  return merged;
}

function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * `Spawner.apply_user_options`: a function of spawner and options, or a dictionary from option to trait.
 * @throws Fault 400 for options that do not fit
 */
export async function applyUserOptions(
  view: SpawnerView,
  { declaration, choices }: Pick<SpawnerChoice, 'declaration' | 'choices'>,
  log: Log,
): Promise<void> {
  const setting = view['apply_user_options'];
  const options = view.user_options;
  const names = Object.keys(options);
  if (setting === null || setting === undefined) {
    if (names.length > 0 && !choices)
      log.warn('user options were given, and apply_user_options is not set', { options: names.slice(0, 20) });
    return;
  }
  if (typeof setting === 'function') {
    const apply = setting as (spawner: SpawnerView, options: JsonObject) => unknown;
    await callHook('apply_user_options', async () => {
      await apply(view, options);
    }).catch((error: unknown) => {
      throw hasStatus(error) ? error : invalidOptions(error);
    });
    return;
  }
  for (const name of names)
    applyOption(view, declaration, log, setting as Readonly<Record<string, unknown>>, name);
}

function applyOption(
  view: SpawnerView,
  declaration: ClassDeclaration,
  log: Log,
  mapping: Readonly<Record<string, unknown>>,
  name: string,
): void {
  const trait = Object.hasOwn(mapping, name) ? mapping[name] : undefined;
  if (typeof trait !== 'string') {
    log.warn('a user option that apply_user_options does not map', { option: name });
    return;
  }
  try {
    if (!setTrait(view, declaration, trait, view.user_options[name])) {
      log.error('apply_user_options names a trait that this spawner does not have', { option: name, trait });
    }
  } catch (error) {
    throw invalidOptions(error);
  }
}

/** Errors that chose their own status are passed on as they are. */
function hasStatus(error: unknown): boolean {
  return (
    !(error instanceof HookFault) ||
    (typeof error.cause === 'object' && error.cause !== null && 'status' in error.cause)
  );
}

function invalidOptions(cause: unknown): Fault {
  const detail = cause instanceof HookFault ? (cause.detail ?? cause.message) : messageOf(cause);
  return new Fault('SPAWN_USER_OPTIONS', 'Invalid user options', {
    status: 400,
    reason: 'invalid-options',
    detail,
    cause,
  });
}
