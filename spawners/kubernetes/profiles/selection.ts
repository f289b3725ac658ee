/**
 * What a user chose, checked against what is offered. KubeSpawner 7.1 checks nothing when no profile is named, though
 * it then applies options to the default one; here the same rules hold however the options arrive.
 */
import { Fault } from '../../../core/fault.js';
import type { JsonObject, JsonValue } from '../../../core/model/json.js';
import { fillValue } from '../names/template.js';
import type { Override, Profile, ProfileOption, Profiles } from './profile.js';

const UNLISTED = '--unlisted-choice';
/** Characters that somebody may type for a choice that is not listed. */
const LONGEST = 1000;

/**
 * The overrides that the options mean, in the order in which they apply: the profile's, then each option's.
 * @throws Fault 400 in words
 */
export function selectedOverrides(profiles: Profiles, options: JsonObject): readonly Override[] {
  const profile = selectedProfile(profiles, options);
  const chosen = [...profile.options].map(([name, option]) => overrideOf(name, option, options));
  return [profile.override, ...chosen];
}

function selectedProfile(profiles: Profiles, options: JsonObject): Profile {
  const wanted = given(options, 'profile') ?? profiles.defaultSlug;
  const profile = profiles.list.find(({ slug }) => slug === wanted);
  if (profile) return profile;
  const known = profiles.list.map(({ slug }) => slug).join(', ');
  throw refused(`There is no profile ${quoted(wanted)}. Choose one of: ${known}.`);
}

function overrideOf(name: string, option: ProfileOption, options: JsonObject): Override {
  const typed = given(options, `${name}${UNLISTED}`);
  if (typed !== undefined) return unlistedOverride(name, option, typed);
  const key = given(options, name) ?? option.defaultChoice;
  if (key === undefined) throw refused(`Choose something for ${quoted(name)}.`);
  const choice = option.choices.get(key);
  if (choice) return choice.override;
  const known = [...option.choices.keys()].join(', ');
  throw refused(`There is no choice ${quoted(key)} for ${quoted(name)}. Choose one of: ${known}.`);
}

function unlistedOverride(name: string, { unlisted }: ProfileOption, typed: string): Override {
  if (!unlisted) throw refused(`Only listed choices are allowed for ${quoted(name)}.`);
  if (typed.length > LONGEST)
    throw refused(`The value for ${quoted(name)} is longer than ${LONGEST} characters.`);
  if (!unlisted.allows(typed)) {
    const why = unlisted.message === '' ? '' : ` ${unlisted.message}`;
    throw refused(`The value ${quoted(typed)} is not allowed for ${quoted(name)}.${why}`);
  }
  return Object.fromEntries(
    Object.entries(unlisted.override).map(([setting, value]) => [setting, fillValue(value, typed)]),
  );
}

/** An empty value counts as none. @throws Fault 400 for what is no text */
function given(options: JsonObject, name: string): string | undefined {
  const value: JsonValue | undefined = Object.hasOwn(options, name) ? options[name] : undefined;
  if (value === undefined || value === null || value === '' || value === false) return undefined;
  if (typeof value === 'string') return value;
  throw refused(`The value of ${quoted(name)} must be a text.`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function refused(message: string): Fault {
  return new Fault('SPAWN_USER_OPTIONS', message, { status: 400, reason: 'invalid-options' });
}
