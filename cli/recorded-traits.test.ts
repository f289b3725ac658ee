import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ClassDeclaration } from '../core/config/declare.js';
import { defaults } from '../core/config/declare.js';
import { toJson } from '../core/config/render/values.js';
import { type Trait, TraitError } from '../core/config/traits.js';
import { renamedTraits } from '../spawners/kubernetes/traits/deprecated.js';
import { ALL_CLASSES } from './classes.js';
import { HUB_GRAMMAR, OFFLINE_GRAMMAR } from './grammar.js';

/**
 * Our declarations beside those recorded from JupyterHub 6.1.1: names, types, defaults, whether None is allowed.
 * A difference must stand in DIFFERENCES with its reason.
 */
interface RecordedTrait {
  readonly name: string;
  readonly type: string;
  readonly allowNone: boolean;
  readonly default?: unknown;
  readonly observedDefault?: unknown;
  readonly values?: readonly unknown[];
}
interface RecordedClass {
  readonly name: string;
  readonly traits: readonly RecordedTrait[];
}
interface Recorded {
  readonly classes: readonly RecordedClass[];
  readonly commands: Readonly<
    Record<string, { readonly aliases: Record<string, string>; readonly flags: Record<string, unknown> }>
  >;
}

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url), 'utf8')) as T;
}

const recorded = fixture<Recorded>('traits.json');
const kubeSpawner = fixture<Pick<Recorded, 'classes'>>('kubespawner-traits.json');
/** OAuthenticator 17.4.0's and KubeSpawner 7.1.0's, beside JupyterHub's. */
const classes: readonly RecordedClass[] = [
  ...recorded.classes,
  ...fixture<Pick<Recorded, 'classes'>>('oauthenticator-traits.json').classes,
  ...kubeSpawner.classes,
];

const OWN_FILES = 'templates and static files come with our package';
const BY_NAME = 'their default is a function; ours is the name that means it';
const BY_OBJECT = 'theirs depends on an object of the class; the value is the same';
const FORMER = 'a former name: a property there, which no list of traits shows';
const BY_CLASS = 'their default is the class; ours is its dotted path';

/** From `Class.trait what` to the reason. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(renamedTraits).map((name) => [`KubeSpawner.${name} extra`, FORMER])),
  'JupyterHub.authenticator_class default': BY_CLASS,
  'JupyterHub.proxy_class default': BY_CLASS,
  'JupyterHub.spawner_class default': BY_CLASS,
  'JupyterHub.cookie_secret none': 'null means that it is read from the file',
  'JupyterHub.cookie_secret default': 'null means that it is read from the file; theirs is empty until then',
  'JupyterHub.data_files_path default': OWN_FILES,
  'JupyterHub.logo_file default': OWN_FILES,
  'JupyterHub.template_paths default': OWN_FILES,
  'JupyterHub.subdomain_hook default': BY_NAME,
  'JupyterHub.spawn_throttle_retry_range extra':
    'documented as configurable, but 6.1.1 ignores it in a configuration',
  'Spawner.options_from_form default': BY_NAME,
  'KubeSpawner.api_token_in_secret extra': 'ours: the API token as a Secret',
  'KubeSpawner.env_keep default': BY_OBJECT,
  'KubeSpawner.options_from_form default': BY_NAME,
  'KubeSpawner.ssl_alt_names_include_local default': BY_OBJECT,
  'LocalProcessSpawner.options_from_form default': BY_NAME,
  'SimpleLocalProcessSpawner.options_from_form default': BY_NAME,
  'NullAuthenticator.auto_login extra': 'they fix it to true; it stays an inherited setting here',
  'LocalAuthenticator.admin_groups extra':
    'theirs belongs to PAM alone; accounts of the machine work with every authenticator here',
  'CryptKeeper.n_threads default': 'theirs is the number of processors of the machine',
  'ConfigurableHTTPProxy.auth_token default':
    'theirs is random; ours is made at start by whoever starts the proxy',
  'GenericOAuthenticator.issuer extra': 'discovery, which OAuthenticator does not do',
  'LocalGenericOAuthenticator.issuer extra': 'the same',
  'HeaderAuthenticator ours': 'an authenticator that JupyterHub does not come with',
  'Anteroom ours': 'the settings that JupyterHub does not have',
};

/** The recorder's notation for what JSON has not. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    if ('$set' in value) return plain(value.$set);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  }
  return value;
}

function allowsNone(trait: Trait<unknown>): boolean {
  try {
    return trait.parse(null) === null;
  } catch (error) {
    if (error instanceof TraitError) return false;
    throw error;
  }
}

function differences(declaration: ClassDeclaration, theirs: RecordedClass | undefined): string[] {
  if (!theirs) return [`${declaration.name} ours`];
  const values = defaults(declaration) as Readonly<Record<string, unknown>>;
  const found = theirs.traits.flatMap((trait) => {
    const own = declaration.traits[trait.name];
    if (!own) return [`${trait.name} missing`];
    const theirDefault = plain(trait.observedDefault ?? trait.default);
    return [
      ...(own.type === trait.type ? [] : [`${trait.name} type`]),
      ...(allowsNone(own) === trait.allowNone ? [] : [`${trait.name} none`]),
      ...(isDeepStrictEqual(toJson(values[trait.name]), theirDefault) ? [] : [`${trait.name} default`]),
      ...(trait.values && !isDeepStrictEqual(trait.values, own.jsonSchema['enum'])
        ? [`${trait.name} values`]
        : []),
    ];
  });
  const names = new Set(theirs.traits.map((trait) => trait.name));
  const extra = Object.keys(declaration.traits).filter((name) => !names.has(name));
  return [...found, ...extra.map((name) => `${name} extra`)].map((what) => `${declaration.name}.${what}`);
}

describe('our traits beside JupyterHub 6.1.1', () => {
  it('differ only where a reason is given, and every reason is still needed', () => {
    const found = ALL_CLASSES.flatMap((declaration) =>
      differences(
        declaration,
        classes.find((each) => each.name === declaration.name),
      ),
    );
    expect(found.sort()).toEqual(Object.keys(DIFFERENCES).sort());
  });

  it('leave out no class that takes settings', () => {
    const ours = new Set(ALL_CLASSES.map((each) => each.name));
    const missing = classes.filter((each) => each.traits.length > 0 && !ours.has(each.name));
    // two subcommands, which take Application's settings, and the options of a Python HTTP client
    expect(missing.map((each) => each.name).sort()).toEqual([
      'JupyterHubHTTPClient',
      'NewToken',
      'UpgradeDB',
    ]);
  });

  it('explain every setting in words of their own', () => {
    const silent = ALL_CLASSES.flatMap((declaration) =>
      Object.entries(declaration.own)
        .filter(([, trait]) => trait.help.length < 10)
        .map(([name]) => `${declaration.name}.${name}`),
    );
    expect(silent).toEqual([]);
  });
});

describe('our command line beside JupyterHub 6.1.1', () => {
  it.each([
    ['jupyterhub', HUB_GRAMMAR],
    ['jupyterhub token', OFFLINE_GRAMMAR],
    ['jupyterhub upgrade-db', OFFLINE_GRAMMAR],
  ])('%s has the same aliases and flags', (name, grammar) => {
    const theirs = recorded.commands[name];
    expect(grammar.aliases).toEqual(theirs?.aliases);
    for (const [flag, sets] of Object.entries(theirs?.flags ?? {})) {
      const own = grammar.flags[flag]?.sets ?? [];
      const nested = Object.fromEntries(
        own.map(([className, trait, value]) => [className, { [trait]: value }]),
      );
      expect({ [flag]: nested }).toEqual({ [flag]: sets });
    }
  });
});
