import { Fault } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import { callHook, valueOrCall } from './hooks.js';
import type { SpawnerChoice } from './types.js';
import type { SpawnerView } from './view.js';

/** Inner HTML of the form that is shown before a start; empty: start without asking. */
export async function optionsForm(
  { choices }: Pick<SpawnerChoice, 'choices'>,
  view: SpawnerView,
): Promise<string> {
  const form = await valueOrCall<unknown>('options_form', view['options_form'], view);
  if (typeof form === 'string' && form !== '') return form;
  return choices ? callHook('options_form', () => choices.form(view)) : '';
}

/**
 * What a posted form means as user options (`Spawner.options_from_form`).
 * @param form name to list of strings; uploads as `NAME_file`
 */
export async function optionsFromForm(
  { config, choices }: Pick<SpawnerChoice, 'config' | 'choices'>,
  form: Readonly<Record<string, unknown>>,
  view: SpawnerView,
): Promise<JsonObject> {
  const { options_from_form: setting } = config;
  if (setting === 'passthrough' || setting === '')
    return choices ? choices.read(form, view) : ({ ...form } as JsonObject);
  if (setting === 'simple') return simpleOptions(form);
  if (typeof setting !== 'function') {
    throw new Fault('SPAWN_OPTIONS', 'The options form is not configured correctly.', {
      detail: `Spawner.options_from_form: ${JSON.stringify(setting)} is not known`,
    });
  }
  const options: unknown = await callHook('options_from_form', () => setting(form, view));
  if (typeof options === 'object' && options !== null && !Array.isArray(options))
    return options as JsonObject;
  throw new Fault('SPAWN_OPTIONS', 'The options form is not configured correctly.', {
    detail: 'Spawner.options_from_form returned no dictionary',
  });
}

/** Lists of one are unwrapped, a ticked checkbox is true, longer lists stay. */
function simpleOptions(form: Readonly<Record<string, unknown>>): JsonObject {
  const single = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value);
  const entries = Object.entries(form).map(([name, value]) => [
    name,
    single(value) === 'on' ? true : single(value),
  ]);
  return Object.fromEntries(entries) as JsonObject;
}
