/**
 * The form of profiles. Its fields are KubeSpawner's (templates/form.html 7.1): radio `profile`, select
 * `profile-option-SLUG--OPTION`, text `profile-option-SLUG--OPTION--unlisted-choice`. It works without JavaScript, so
 * that select and text may both arrive; `readForm` takes the one that is meant.
 */
import type { JsonObject } from '../../../core/model/json.js';
import type { Profile, ProfileOption, Profiles } from './profile.js';

/** The value of the line for a choice that is not listed. */
const OTHER = 'unlisted-choice';

/** @param saved options of the last time, as far as they are still allowed */
export function renderForm(profiles: Profiles, saved: JsonObject): string {
  const wanted = typeof saved['profile'] === 'string' ? saved['profile'] : profiles.defaultSlug;
  const rows = profiles.list.map((profile) => profileHtml(profile, profile.slug === wanted, saved));
  return `<fieldset class="profiles" id="kubespawner-profiles-list">${rows.join('\n')}</fieldset>`;
}

function profileHtml(profile: Profile, checked: boolean, saved: JsonObject): string {
  const slug = escaped(profile.slug);
  const options = [...profile.options].map(([name, option]) =>
    optionHtml(`profile-option-${profile.slug}--${name}`, option, {
      choice: checked ? saved[name] : undefined,
      typed: checked ? saved[`${name}--${OTHER}`] : undefined,
    }),
  );
  const description = profile.description === '' ? '' : `<p>${profile.description}</p>`;
  return `<div class="profile">
  <input type="radio" name="profile" id="profile-item-${slug}" value="${slug}"${checked ? ' checked' : ''}>
  <label for="profile-item-${slug}">${profile.displayName}</label>
  ${description}${options.length > 0 ? `<div class="profile-options">${options.join('')}</div>` : ''}
</div>`;
}

interface Saved {
  readonly choice: unknown;
  readonly typed: unknown;
}

function optionHtml(field: string, option: ProfileOption, saved: Saved): string {
  const { unlisted } = option;
  const typed = unlisted && typeof saved.typed === 'string' ? saved.typed : '';
  const preset =
    typed === '' ? (typeof saved.choice === 'string' ? saved.choice : option.defaultChoice) : OTHER;
  const line = (key: string, name: string): string =>
    `<option value="${escaped(key)}"${key === preset ? ' selected' : ''}>${name}</option>`;
  const lines = [
    ...[...option.choices].map(([key, choice]) => line(key, choice.displayName)),
    ...(unlisted ? [line(OTHER, unlisted.inChoices)] : []),
  ];
  const id = escaped(field);
  const select = `<label for="${id}">${option.displayName}</label>
<select name="${id}" id="${id}">${lines.join('')}</select>`;
  return `<div class="profile-option">${select}${unlisted ? otherHtml(`${field}--${OTHER}`, unlisted, typed) : ''}</div>`;
}

function otherHtml(field: string, unlisted: NonNullable<ProfileOption['unlisted']>, typed: string): string {
  const id = escaped(field);
  const pattern = unlisted.pattern === undefined ? '' : ` pattern="${escaped(unlisted.pattern)}"`;
  return `<label for="${id}">${unlisted.displayName || unlisted.inChoices}</label>
<input type="text" name="${id}" id="${id}" value="${escaped(typed)}" title="${escaped(unlisted.message)}"${pattern}>`;
}

/**
 * What a posted form means as options (kubespawner/spawner.py 7.1 `_options_from_form`).
 * @param form name to list of texts
 */
export function readForm(form: Readonly<Record<string, unknown>>): JsonObject {
  const profile = first(form['profile']);
  if (profile === undefined || profile === '') return {};
  const prefix = `profile-option-${profile}--`;
  const fields = Object.entries(form).filter(([name]) => name.startsWith(prefix));
  const options = new Map(fields.map(([name, value]) => [name.slice(prefix.length), first(value) ?? '']));
  for (const name of [...options.keys()]) {
    const other = `${name}--${OTHER}`;
    const typed = options.get(other);
    if (typed === undefined) continue;
    // without a script both arrive: what was typed counts only beside its own line
    if (options.get(name) !== OTHER || typed === '') options.delete(other);
    else options.delete(name);
  }
  return { profile, ...Object.fromEntries(options) };
}

function first(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' ? one : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}
