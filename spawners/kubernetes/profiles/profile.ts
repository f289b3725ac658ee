/** Profiles as the configuration gives them, read once: every fault in words (kubespawner/spawner.py 7.1 `profile_list`). */
import { Fault } from '../../../core/fault.js';
import { inOrder } from '../manifests/server.js';
import { slugify } from './slugify.js';

/** From a setting of the spawner to its value, or a function of the spawner that gives it. */
export type Override = Readonly<Record<string, unknown>>;

interface Choice {
  /** HTML. */
  readonly displayName: string;
  readonly override: Override;
}

interface UnlistedChoice {
  readonly displayName: string;
  /** Its line among the choices. */
  readonly inChoices: string;
  /** As configured, for the page. */
  readonly pattern: string | undefined;
  readonly allows: (text: string) => boolean;
  readonly message: string;
  /** `{value}` stands for what was typed. */
  readonly override: Override;
}

export interface ProfileOption {
  readonly displayName: string;
  readonly choices: ReadonlyMap<string, Choice>;
  /** Key of the choice that is taken when nothing was chosen. */
  readonly defaultChoice: string | undefined;
  /** Absent: only the choices are allowed. */
  readonly unlisted: UnlistedChoice | undefined;
}

export interface Profile {
  readonly slug: string;
  /** HTML, as is `description`. */
  readonly displayName: string;
  readonly description: string;
  readonly override: Override;
  readonly options: ReadonlyMap<string, ProfileOption>;
}

export interface Profiles {
  readonly list: readonly Profile[];
  readonly defaultSlug: string;
}

type Raw = Readonly<Record<string, unknown>>;

/** @returns `undefined` for none @throws Fault `SPAWN_PROFILES` */
export function readProfiles(given: unknown): Profiles | undefined {
  if (typeof given !== 'object' || given === null) throw faulty('must be a list or a dictionary');
  const raw = inOrder(given).map((each, index) => record(each, `profile ${index + 1}`));
  const list = raw.map(readProfile);
  const chosen = raw.findIndex((each) => Boolean(each['default']));
  const first = list[Math.max(0, chosen)];
  return first && { list, defaultSlug: first.slug };
}

function readProfile(raw: Raw): Profile {
  const displayName = text(raw, 'display_name', 'a profile');
  const where = `profile ${JSON.stringify(displayName)}`;
  const slug = raw['slug'] === undefined ? slugify(displayName) : text(raw, 'slug', where);
  if (slug === undefined) throw faulty(`${where}: its name makes no slug; give it a "slug"`);
  const options = Object.entries(record(raw['profile_options'] ?? {}, `${where}: profile_options`));
  return {
    slug,
    displayName,
    description: typeof raw['description'] === 'string' ? raw['description'] : '',
    override: record(raw['kubespawner_override'] ?? {}, `${where}: kubespawner_override`),
    options: new Map(options.map(([key, option]) => [key, readOption(option, `${where}, option ${key}`)])),
  };
}

function readOption(given: unknown, where: string): ProfileOption {
  const raw = record(given, where);
  const entries = Object.entries(record(raw['choices'] ?? {}, `${where}: choices`)).map(
    ([key, choice]) => [key, record(choice, `${where}, choice ${key}`)] as const,
  );
  const preset = entries.find(([, choice]) => Boolean(choice['default'])) ?? entries[0];
  const unlisted = record(raw['unlisted_choice'] ?? {}, `${where}: unlisted_choice`);
  return {
    displayName: text(raw, 'display_name', where),
    choices: new Map(entries.map(([key, choice]) => [key, readChoice(choice, `${where}, choice ${key}`)])),
    defaultChoice: preset?.[0],
    unlisted: unlisted['enabled'] ? readUnlisted(unlisted, where) : undefined,
  };
}

function readChoice(raw: Raw, where: string): Choice {
  return {
    displayName: text(raw, 'display_name', where),
    override: record(raw['kubespawner_override'] ?? {}, `${where}: kubespawner_override`),
  };
}

function readUnlisted(raw: Raw, where: string): UnlistedChoice {
  const own = (name: string): string | undefined => {
    const value = raw[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const pattern = own('validation_regex');
  const expression = pattern === undefined ? undefined : compile(pattern, where);
  return {
    displayName: own('display_name') ?? '',
    inChoices: own('display_name_in_choices') ?? 'Other...',
    pattern,
    allows: (typed) => expression?.test(typed) ?? true,
    message: own('validation_message') ?? '',
    override: record(raw['kubespawner_override'] ?? {}, `${where}: kubespawner_override`),
  };
}

/** Python's `re.match`: the expression holds from the beginning on. */
function compile(pattern: string, where: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})`, 'u');
  } catch (error) {
    throw faulty(
      `${where}: validation_regex ${JSON.stringify(pattern)} cannot be used here: ${String(error)}`,
    );
  }
}

function record(value: unknown, where: string): Raw {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw;
  throw faulty(`${where} must be a dictionary`);
}

function text(raw: Raw, name: string, where: string): string {
  const value = raw[name];
  if (typeof value === 'string' && value !== '') return value;
  throw faulty(`${where} needs a ${name}`);
}

function faulty(detail: string): Fault {
  return new Fault('SPAWN_PROFILES', 'The profiles of this hub are not configured correctly.', {
    detail: `KubeSpawner.profile_list: ${detail}`,
  });
}
