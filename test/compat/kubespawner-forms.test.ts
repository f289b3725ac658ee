import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../core/model/json.js';
import { profileChoices } from '../../spawners/kubernetes/profiles/index.js';
import { viewFor } from '../suites/spawner.js';
import { ensureKubeSpawner } from './peers/install.js';

/** Sites' forms of profiles, rendered by the real KubeSpawner 7.1 and by ours: the same text. */
const folder = mkdtempSync(join(tmpdir(), 'anteroom-forms-'));
const [empty, site] = [join(folder, 'empty'), join(folder, 'site')];
const PROFILES = [
  { display_name: 'Small <b>one</b> & more', description: 'For a "start".', kubespawner_override: {} },
  {
    display_name: 'Big',
    slug: 'the-big-one',
    kubespawner_override: { mem_limit: '8G', environment: { B: '2', A: '1' } },
    profile_options: {
      image: {
        display_name: 'Image',
        choices: {
          r: { display_name: 'R', kubespawner_override: { image: 'r:1' } },
          py: { display_name: 'Python', kubespawner_override: { image: 'py:1' } },
        },
        unlisted_choice: {
          enabled: true,
          display_name: 'Another image',
          validation_regex: '^r/.+$',
          validation_message: 'r/NAME',
          kubespawner_override: { image: '{value}' },
        },
      },
      cpu: {
        display_name: 'CPU',
        choices: {
          one: { display_name: '1', kubespawner_override: { cpu_limit: 1 } },
          two: { display_name: '2', default: true, kubespawner_override: { cpu_limit: 2 } },
        },
      },
    },
  },
];
const BY_KEY = { zeta: PROFILES[1], alpha: { ...PROFILES[0], default: true } };
const CHOSEN = { profile: 'the-big-one', image: 'py', cpu: 'one' };

const TEMPLATES: Readonly<Record<string, string>> = {
  'radios, as in the documentation': `{% for profile in profile_list %}
<input type="radio" name="profile" value="{{ profile.slug }}" {% if profile.default %}checked{% endif %}>
<h3>{{ profile.display_name }}</h3>{{ profile.description }}
{% endfor %}`,
  'a select with saved options': `<select name="profile">{% for p in profile_list -%}
<option value="{{ p.slug }}"{{ ' selected' if user_options.profile == p.slug or (not user_options.profile and p.default) }}>{{ p.display_name | striptags | upper }}</option>
{%- endfor %}</select>{{ user_options.get('image', 'none') }} {{ user_options.nothing }}`,
  'everything for a script':
    "<div data-profiles='{{ profile_list | tojson }}' data-saved='{{ user_options|tojson(indent=2) }}'></div>",
  'options with what is not listed': `{%- for p in profile_list if p.profile_options %}{% for k, option in p.profile_options.items() %}
{{ loop.index }}/{{ loop.length }} {{ k }}: {% for name, choice in option['choices'].items() %}{{ name }}{{ '*' if choice.default }} {% endfor -%}
{% if option.unlisted_choice.enabled %}{{ option['unlisted_choice']['display_name_in_choices'] }} {{ option.unlisted_choice.validation_regex | e }}{% else %}{{ option.unlisted_choice }}{% endif %}
{% endfor %}{% endfor %}`,
  'a macro, a set and filters': `{% macro field(name, value='') -%}
<input name="{{ name }}" value="{{ value }}">
{%- endmacro %}{% set names = profile_list | map(attribute='slug') | list %}
{{ field('profile', names | join(',')) }} {{ names | length }} {{ names | first }} {{ '<' ~ '&' }} {{ '<i>' | escape }}
{% for p in profile_list | sort(attribute='display_name') %}{{ p.display_name }};{% endfor %}`,
  'other files of the site': `{% include 'head.html' %}{% from 'macros.html' import row %}{% for p in profile_list %}{{ row(p) }}{% endfor %}{% include ['no.html', 'tail.html'] ignore missing %}`,
  'a parent of the site': `{% extends 'base.html' %}{% block rows %}{{ super() }}{% for p in profile_list %}<li>{{ p.slug }}{% endfor %}{% endblock %}`,
  'a newline at the end and blocks trimmed by hand\n': `{%- if profile_list|length > 1 -%}  many  {%- endif -%}\n`,
};
const FILES = {
  'head.html': '<h2>{{ profile_list[0].display_name }}</h2>\n',
  'macros.html': '{% macro row(p) %}<p>{{ p.display_name }} {{ p.default }}</p>{% endmacro %}',
  'base.html': '<ul>{% block rows %}<li>{{ profile_list | length }}{% endblock %}</ul>',
  'form.html':
    '{% for p in profile_list %}[{{ p.slug }}{% if p.slug == user_options.profile %}!{% endif %}]{% endfor %}',
};

interface Question {
  readonly title: string;
  readonly config: JsonObject;
  readonly options: JsonObject;
}
const questions: readonly Question[] = [
  ...Object.entries(TEMPLATES).flatMap(([title, template]) =>
    [
      ['a list', PROFILES, {}],
      ['a dictionary', BY_KEY, {}],
      ['saved options', PROFILES, CHOSEN],
    ].map(([what, list, options]) => ({
      title: `${title}: ${String(what)}`,
      config: {
        profile_list: list,
        profile_form_template: template,
        additional_profile_form_template_paths: [empty, site],
      } as JsonObject,
      options: options as JsonObject,
    })),
  ),
  {
    title: 'form.html of a folder',
    config: { profile_list: PROFILES, additional_profile_form_template_paths: [empty, site] } as JsonObject,
    options: CHOSEN,
  },
  {
    title: 'no profiles',
    config: { profile_list: [], profile_form_template: 'never' },
    options: {},
  },
];

let theirs: readonly { readonly form?: string; readonly error?: string }[];

beforeAll(async () => {
  mkdirSync(empty);
  mkdirSync(site);
  for (const [name, source] of Object.entries(FILES)) writeFileSync(join(site, name), source);
  const { python } = await ensureKubeSpawner();
  const child = spawn(python, ['-B', join(import.meta.dirname, 'kubespawner/forms.py')]);
  child.stdin.end(JSON.stringify(questions));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (out === '') throw new Error(err.slice(-2000));
  theirs = JSON.parse(out) as typeof theirs;
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('forms of profiles beside KubeSpawner 7.1', () => {
  it('are the same text for every template', async () => {
    const differing: string[] = [];
    for (const [index, { title, config, options }] of questions.entries()) {
      const their = theirs[index];
      expect(their?.error, title).toBeUndefined();
      const view = Object.assign(viewFor('ann'), config, { user_options: options });
      const ours = await profileChoices.form(view);
      if (ours !== their?.form) differing.push(`${title}\n theirs ${their?.form}\n ours   ${ours}`);
    }
    process.stdout.write(`forms of profiles: ${questions.length} beside KubeSpawner\n`);
    expect(differing.join('\n\n')).toBe('');
  });
});
