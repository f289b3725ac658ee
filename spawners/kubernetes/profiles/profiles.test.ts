import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../core/fault.js';
import type { JsonObject } from '../../../core/model/json.js';
import type { SpawnerView } from '../../../core/plugin/spawner.js';
import { viewFor } from '../../../test/suites/spawner.js';
import { profileChoices } from './index.js';
import { slugify } from './slugify.js';

const PROFILES = [
  {
    display_name: 'Small <b>one</b>',
    description: 'For a start.',
    kubespawner_override: { mem_limit: '1G' },
  },
  {
    display_name: 'Big',
    default: true,
    kubespawner_override: {
      environment: { SIZE: 'big', GONE: null },
      image_spec: 'big:1',
      uid: (spawner: SpawnerView) => spawner.user.name.length,
    },
    profile_options: {
      image: {
        display_name: 'Image',
        choices: {
          r: { display_name: 'R', kubespawner_override: { image: 'r:1' } },
          py: { display_name: 'Python', default: true, kubespawner_override: { image: 'py:1' } },
        },
        unlisted_choice: {
          enabled: true,
          display_name: 'Your own',
          validation_regex: 'own/[a-z]+$',
          validation_message: 'Only own/...',
          kubespawner_override: {
            image: '{value}',
            extra_labels: { '{value}': ['{value}', '{{value}}', '{username}'] },
          },
        },
      },
      gpu: { display_name: 'GPU', choices: { none: { display_name: 'None' }, one: { display_name: 'One' } } },
    },
  },
];

function view(options: JsonObject = {}, list: unknown = PROFILES): SpawnerView {
  const settings = {
    profile_list: list,
    image: 'usual',
    environment: { GONE: 'x', KEPT: 'y' },
    extra_labels: {},
  };
  return Object.assign(viewFor('alice'), settings, { user_options: options });
}

async function applied(options: JsonObject): Promise<SpawnerView> {
  const spawner = view(options);
  await profileChoices.apply(spawner);
  return spawner;
}

async function refusal(options: JsonObject, list?: unknown): Promise<Fault> {
  return (await profileChoices.check(options, view({}, list)).catch((error: unknown) => error)) as Fault;
}

describe('a profile', () => {
  it('changes settings: its own, then its options in their order; dictionaries are merged', async () => {
    expect(await applied({ profile: 'big', image: 'r' })).toMatchObject({
      image: 'r:1',
      uid: 5,
      environment: { SIZE: 'big', KEPT: 'y' },
    });
    expect((await applied({ profile: 'big' }))['environment']).not.toHaveProperty('GONE');
  });

  it('is the default one when none is named, with the default of each option', async () => {
    expect((await applied({}))['image']).toBe('py:1');
  });

  it('takes what was typed where that is offered', async () => {
    const spawner = await applied({ profile: 'big', 'image--unlisted-choice': 'own/x' });
    expect(spawner['image']).toBe('own/x');
    expect(spawner['extra_labels']).toEqual({ 'own/x': ['own/x', '{value}', '{username}'] });
  });

  it.each<[JsonObject, RegExp]>([
    [{ profile: 'nope' }, /no profile "nope".*small-b-one-b, big/],
    [{ profile: 'big', image: 'nope' }, /no choice "nope" for "image".*r, py/],
    [{ profile: 'big', image: '__proto__' }, /no choice/],
    [{ profile: 'big', 'image--unlisted-choice': 'evil' }, /not allowed.*Only own/],
    [{ 'image--unlisted-choice': 'evil' }, /not allowed/],
    [{ profile: 'big', 'gpu--unlisted-choice': 'two' }, /Only listed/],
    [{ profile: 'big', 'image--unlisted-choice': `own/${'x'.repeat(2000)}` }, /longer than/],
    [{ profile: ['big'] }, /must be a text/],
  ])('refuses %j', async (options, words) => {
    expect(await refusal(options)).toMatchObject({ status: 400, message: expect.stringMatching(words) });
  });

  it('leaves options alone where there are no profiles', async () => {
    expect(await refusal({ profile: 'x' }, [])).toBeUndefined();
    const spawner = view({ profile: 'x' }, []);
    await profileChoices.apply(spawner);
    expect(spawner['image']).toBe('usual');
  });

  it('may come from a function of the spawner, or a dictionary in the order of its keys', async () => {
    const list = (spawner: SpawnerView) => [{ display_name: `For ${spawner.user.name}` }];
    expect(await refusal({ profile: 'nope' }, list)).toMatchObject({
      message: expect.stringContaining('for-alice'),
    });
    const keyed = { b: { display_name: 'Two' }, a: { display_name: 'One' } };
    expect(await refusal({ profile: 'nope' }, keyed)).toMatchObject({
      message: expect.stringContaining('one, two'),
    });
  });
});

describe('the form', () => {
  it('has the fields of KubeSpawner, and what was chosen last', async () => {
    const html = await profileChoices.form(view({ profile: 'big', image: 'r' }));
    expect(html).toContain('<input type="radio" name="profile" id="profile-item-big" value="big" checked>');
    expect(html).toContain('<select name="profile-option-big--image"');
    expect(html).toContain('<option value="r" selected>');
    expect(html).toContain('<option value="unlisted-choice">Other...</option>');
    expect(html).toContain('name="profile-option-big--image--unlisted-choice"');
    expect(html).toContain('pattern="own/[a-z]+$"');
    expect(html).not.toContain('<script');
  });

  it('forgets what is not offered any more, and escapes what was typed', async () => {
    expect(await profileChoices.form(view({ profile: 'gone' }))).toContain('value="big" checked');
    const free = [
      {
        display_name: 'A',
        profile_options: { x: { display_name: 'X', unlisted_choice: { enabled: true } } },
      },
    ];
    const html = await profileChoices.form(view({ profile: 'a', 'x--unlisted-choice': '"><script>' }, free));
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;"');
  });

  it.each<[Record<string, string[]>, JsonObject]>([
    [
      { profile: ['big'], 'profile-option-big--image': ['r'], 'profile-option-small--x': ['1'] },
      { profile: 'big', image: 'r' },
    ],
    [
      {
        profile: ['big'],
        'profile-option-big--image': ['unlisted-choice'],
        'profile-option-big--image--unlisted-choice': ['own/x'],
      },
      { profile: 'big', 'image--unlisted-choice': 'own/x' },
    ],
    [
      {
        profile: ['big'],
        'profile-option-big--image': ['r'],
        'profile-option-big--image--unlisted-choice': ['left over'],
      },
      { profile: 'big', image: 'r' },
    ],
    [
      { profile: ['big'], 'profile-option-big--image--unlisted-choice': ['own/x'] },
      { profile: 'big', 'image--unlisted-choice': 'own/x' },
    ],
    [{ other: ['1'] }, {}],
  ])('%j means %j', async (form, options) => {
    expect(await profileChoices.read(form, view())).toEqual(options);
  });
});

describe('slugs of display names', () => {
  it.each([
    ['Data Science', 'data-science'],
    ["Bob's R &amp; Python", 'bob-s-r-python'],
    ['Größe: 1,000 GB — très grand', 'grosse-1000-gb-tres-grand'],
    ['Bob’s', 'bobs'],
    ['数据', undefined],
    ['!!!', undefined],
  ])('%s', (name, slug) => {
    expect(slugify(name)).toBe(slug);
  });
});
