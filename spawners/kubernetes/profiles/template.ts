/**
 * A site's own form of profiles: Jinja2, as KubeSpawner 7.1 renders it (spawner.py `_render_options_form`): what is printed is
 * not escaped, and `tojson` keeps the order of keys.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createJinja, type Jinja, type JinjaFile } from '../../../core/jinja/engine.js';
import type { JsonObject } from '../../../core/model/json.js';
import { inOrder } from '../manifests/server.js';
import type { KubeSpawnerConfig } from '../traits.js';
import { slugify } from './slugify.js';

export type TemplateSettings = Pick<
  KubeSpawnerConfig,
  'profile_form_template' | 'additional_profile_form_template_paths'
>;

interface FormTemplate {
  readonly jinja: Jinja;
  readonly name: string;
  readonly source: string;
}

const LITERAL = 'c.KubeSpawner.profile_form_template';
const PATHS = 'c.KubeSpawner.additional_profile_form_template_paths';
const FORM = 'form.html';
/** Under KubeSpawner's names for its own, so that a site can include them. */
const OURS: ReadonlyMap<string, JinjaFile> = new Map([
  [FORM, { path: 'the form that comes along', source: '{{ form_that_comes_along }}' }],
  // Its looks come with the page's stylesheet.
  ['style.css', { path: 'the style that comes along', source: '' }],
]);

const compiled = new Map<string, FormTemplate | undefined>();

/** Compiled once for a configuration; `undefined` where the form that comes along is meant. */
export function formTemplate(settings: TemplateSettings): FormTemplate | undefined {
  const { profile_form_template: literal, additional_profile_form_template_paths: paths } = settings;
  const key = JSON.stringify([literal, paths]);
  if (!compiled.has(key)) {
    // A hub has one configuration; tests have many.
    compiled.clear();
    compiled.set(key, compile(literal, paths));
  }
  return compiled.get(key);
}

function compile(literal: string, paths: readonly string[]): FormTemplate | undefined {
  const own = (name: string): JinjaFile | undefined => fileBelow(paths, name);
  const file = literal === '' ? own(FORM) : { path: LITERAL, source: literal };
  if (!file) return undefined;
  const name = literal === '' ? FORM : LITERAL;
  const jinja = createJinja({
    files: new Map([[name, file]]),
    find: (each) => own(each) ?? OURS.get(each),
    whitespace: { trimBlocks: false, lstripBlocks: false },
    functions: new Map(),
    absent: {},
    autoescape: false,
    sortKeys: false,
    hints: {
      missing: () => `; it must lie in one of ${PATHS}`,
      extendsItself: () => '',
    },
  });
  return { jinja, name, source: file.source };
}

/** What stops the start: one line each. */
export function templateFaults(settings: TemplateSettings): readonly string[] {
  const missing = settings.additional_profile_form_template_paths
    .filter((path) => !existsSync(path))
    .map((path) => `${PATHS}: ${path} does not exist`);
  return [...missing, ...(formTemplate(settings)?.jinja.faults ?? [])];
}

/** Whether the template brings a script or style of its own, which pages do not run (docs/templates.md). */
export function hasInlineScript(settings: TemplateSettings): boolean {
  return /<script(?![^>]*\bsrc=)|<style|\son\w+\s*=/i.test(formTemplate(settings)?.source ?? '');
}

/**
 * @param given `profile_list`
 * @param ownForm what is shown where a template includes `form.html`
 * @throws Error with the place in the template
 */
export function renderTemplate(
  { jinja, name }: FormTemplate,
  given: unknown,
  saved: JsonObject,
  ownForm: string,
): string {
  const variables = { profile_list: initialized(given), user_options: saved };
  return jinja.render(name, { ...variables, form_that_comes_along: ownForm });
}

interface Dictionary {
  [name: string]: unknown;
}

/** A copy in which every profile has a slug, every option a default and `unlisted_choice` (`_get_initialized_profile_list`). */
function initialized(given: unknown): readonly unknown[] {
  const list = inOrder(given).map((each) => copied(each) as Dictionary);
  for (const profile of list) {
    if (!('slug' in profile)) profile['slug'] = slugify(String(profile['display_name']));
    for (const option of dictionaries(profile['profile_options'])) {
      const choices = dictionaries(option['choices']);
      const [first] = choices;
      if (first && !choices.some((choice) => choice['default'])) first['default'] = true;
      option['unlisted_choice'] ??= {};
      const unlisted = option['unlisted_choice'] as Dictionary;
      unlisted['enabled'] ??= false;
      if (unlisted['enabled']) unlisted['display_name_in_choices'] ??= 'Other...';
    }
  }
  const [first] = list;
  if (first && !list.some((profile) => profile['default'])) first['default'] = true;
  return list;
}

function dictionaries(value: unknown): readonly Dictionary[] {
  return typeof value === 'object' && value !== null ? (Object.values(value) as Dictionary[]) : [];
}

/** Of lists and dictionaries; functions among the overrides stay what they are. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copied(each)]));
}

/** What lies outside of the folders is not found. */
function fileBelow(folders: readonly string[], name: string): JinjaFile | undefined {
  if (name.split('/').some((part) => part === '..' || part === '')) return undefined;
  for (const folder of folders) {
    const path = join(folder, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile())
      return { path, source: readFileSync(path, 'utf8') };
  }
  return undefined;
}
