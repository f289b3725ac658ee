/** Profiles to choose from: their form, what a form means, whether it is offered, and what it changes. */
import { Fault, messageOf } from '../../../core/fault.js';
import type { JsonObject } from '../../../core/model/json.js';
import type { SpawnerChoices, SpawnerView } from '../../../core/plugin/spawner.js';
import { presentName } from '../traits/deprecated.js';
import { KubeSpawnerClass } from '../traits.js';
import { readForm, renderForm } from './form.js';
import { type Override, type Profiles, readProfiles } from './profile.js';
import { selectedOverrides } from './selection.js';
import { formTemplate, renderTemplate, type TemplateSettings } from './template.js';

export const profileChoices: SpawnerChoices = {
  form: async (view) => {
    const given = await listOf(view);
    const profiles = readProfiles(given);
    return profiles ? formOf(view, given, profiles) : '';
  },
  read: async (form) => readForm(form),
  check: async (options, view) => {
    const profiles = await profilesOf(view);
    if (profiles) selectedOverrides(profiles, options);
  },
  apply: async (view) => {
    const profiles = await profilesOf(view);
    if (!profiles) return warnOfProfile(view);
    for (const override of selectedOverrides(profiles, view.user_options)) applyOverride(override, view);
  },
};

async function profilesOf(view: SpawnerView): Promise<Profiles | undefined> {
  return readProfiles(await listOf(view));
}

async function listOf(view: SpawnerView): Promise<unknown> {
  const setting = view['profile_list'];
  return typeof setting === 'function' ? (setting as (spawner: SpawnerView) => unknown)(view) : setting;
}

function templateSettings(view: SpawnerView): TemplateSettings {
  const [literal, paths] = [view['profile_form_template'], view['additional_profile_form_template_paths']];
  return {
    profile_form_template: typeof literal === 'string' ? literal : '',
    additional_profile_form_template_paths: Array.isArray(paths) ? paths.map(String) : [],
  };
}

/** @throws Fault `SPAWN_PROFILES` when a site's template fails */
function formOf(view: SpawnerView, given: unknown, profiles: Profiles): string {
  const saved = stillAllowed(profiles, view);
  const own = renderForm(profiles, saved);
  const template = formTemplate(templateSettings(view));
  if (!template) return own;
  try {
    return renderTemplate(template, given, saved, own);
  } catch (error) {
    throw new Fault('SPAWN_PROFILES', 'The profiles of this hub are not configured correctly.', {
      detail: messageOf(error),
      cause: error,
    });
  }
}

/** Options of an older list of profiles must not keep the form from being shown. */
function stillAllowed(profiles: Profiles, { user_options: options, log }: SpawnerView): JsonObject {
  try {
    selectedOverrides(profiles, options);
    return options;
  } catch (error) {
    if (Object.keys(options).length > 0)
      log.warn('saved options are not offered any more', { error: messageOf(error) });
    return {};
  }
}

function warnOfProfile({ user_options: options, log }: SpawnerView): void {
  const { profile } = options;
  if (profile) log.warn('a profile was asked for, and there are none', { profile: String(profile) });
}

/** Dictionaries are merged into dictionaries, where null deletes; all else replaces. */
function applyOverride(override: Override, view: SpawnerView): void {
  for (const [name, given] of Object.entries(override)) {
    const trait = presentName(name);
    if (!Object.hasOwn(KubeSpawnerClass.traits, trait)) throw unknownSetting(name);
    const value: unknown = typeof given === 'function' ? given(view) : given;
    view[trait] = merged(view[trait], value);
  }
}

/** Faults of overrides that can be told without a user: settings that do not exist. */
export function unknownSettings(profiles: Profiles): readonly string[] {
  const overrides = profiles.list.flatMap((profile) => [
    profile.override,
    ...[...profile.options.values()].flatMap((option) => [
      ...[...option.choices.values()].map((choice) => choice.override),
      ...(option.unlisted ? [option.unlisted.override] : []),
    ]),
  ]);
  const names = new Set(overrides.flatMap((override) => Object.keys(override)));
  return [...names].filter((name) => !Object.hasOwn(KubeSpawnerClass.traits, presentName(name)));
}

function unknownSetting(name: string): Fault {
  return new Fault('SPAWN_PROFILES', 'The profiles of this hub are not configured correctly.', {
    detail: `KubeSpawner.profile_list: kubespawner_override names ${JSON.stringify(name)}, which is no setting`,
  });
}

function merged(old: unknown, next: unknown): unknown {
  if (!isDictionary(old) || !isDictionary(next)) return next;
  const result: Record<string, unknown> = { ...old };
  for (const [key, value] of Object.entries(next)) {
    if (value === null) delete result[key];
    else if (isDictionary(value)) result[key] = merged(isDictionary(result[key]) ? result[key] : {}, value);
    else result[key] = value;
  }
  return result;
}

function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
