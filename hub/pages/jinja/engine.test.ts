import { describe, expect, it } from 'vitest';
import type { TemplateFile } from '../template-files.js';
import { createJinja, type Variables } from './engine.js';

/** That the language is Jinja2's is shown beside the real one by test/compat/jinja-constructs; here: faults and bounds. */
const OPTIONS = {
  find: () => undefined,
  whitespace: { trimBlocks: false, lstripBlocks: false },
  words: (key: string) => `[${key}]`,
  functions: new Map([['static_url', ['path', 'include_version']]]),
  absent: { auth_state: 'it is not shown', 'user.spawner': 'write default_server' },
};

function engine(files: Readonly<Record<string, string>>, options: Partial<typeof OPTIONS> = {}) {
  const named = Object.entries(files).map(([name, source]) => {
    const kind = name.endsWith('.hbs') ? 'hbs' : 'html';
    const page = name.replace(/\.hbs$/, '.html');
    return [page, { kind, name: page, path: `/site/${name}`, source } satisfies TemplateFile] as const;
  });
  return createJinja({ ...OPTIONS, ...options, files: new Map(named) });
}

function render(
  source: string,
  variables: Variables = {},
  more: Readonly<Record<string, string>> = {},
): string {
  const jinja = engine({ ...more, 'page.html': source });
  expect(jinja.faults).toEqual([]);
  return jinja.render('page.html', variables);
}

const faultsOf = (source: string) => engine({ 'page.html': source }).faults;

describe('the start with a site’s template', () => {
  it.each([
    ['{% trans %}x{% endtrans %}', '1: {% trans %} is not available; write the text itself'],
    ['a\n\n{% do x.append(1) %}', '3: {% do %} is not available; write {% set _ = EXPRESSION %}'],
    ['{% for x in y %}{% break %}{% endfor %}', '1: {% break %} is not available; filter the loop'],
    ['{% switch x %}{% endswitch %}', '1: {% switch %} is not available; it is no tag of Jinja2'],
    ['\n{{ x | urlize }}', '2: the filter "urlize" is not available; write the link as HTML'],
    ['{{ x | dump }}', '1: Jinja2 has no filter "dump"'],
    ['{{ x | join(sep=",") }}', '1: the filter "join" has no argument "sep" (it has d, attribute)'],
    ['{{ x | upper(1) }}', '1: the filter "upper" takes 0 argument(s), not 1'],
    ['{{ x is fancy }}', '1: there is no test "fancy"'],
    ['{{ x is divisibleby }}', '1: the test "divisibleby" takes 1 value(s)'],
    ['{{ t.created.isoformat() }}', '1: .isoformat() is not available; times are texts in ISO 8601'],
    ['{{ user.name.split(by=",") }}', '1: user.name.split has no argument "by" (it has sep, maxsplit)'],
    ['{{ user.server_url(server="x") }}', '1: user.server_url takes no keyword arguments'],
    [
      '{{ static_url("a", version=1) }}',
      '1: static_url has no argument "version" (it has path, include_version)',
    ],
    ['{{ range(1, 2, 3, 4) }}', '1: range takes 3 argument(s), not 4'],
    [
      '{% extends "base.html" %}',
      '1: there is no template base.html; our own pages are called templates/NAME.html',
    ],
    ['{% include "gone.html" %}', '1: there is no template gone.html'],
    ['{% from "gone.html" import x %}', '1: there is no template gone.html'],
    ['{% extends "page.html" %}', '1: it extends itself; write {% extends "templates/page.html" %} for ours'],
    ['{% if auth_state %}x{% endif %}', '1: auth_state is not available; it is not shown'],
    ['{{ user.spawner.active }}', '1: user.spawner is not available; write default_server'],
    ['{{ super() }}', '1: super() stands outside of any block'],
    ['{% block a %}{{ super.super() }}{% endblock %}', '1: super.super() is not available'],
    ['{% block a %}{% endblock %}\n{% block a %}{% endblock %}', '2: the block a stands here a second time'],
    ['{{ a === b }}', '1: "===" is JavaScript; write =='],
    ['{% block a %}', '1: {% block a %} has no {% endblock %}'],
    ['{% if x %}', '1: '],
    ['{{ x', '1: '],
    ['{% for x in tree recursive %}{% endfor %}', '1: '],
    ['{{ f(*args) }}', '1: '],
    ['{# open', '1: '],
  ])('%s is a fault with its line', (source, message) => {
    const [fault, ...more] = faultsOf(source);
    expect(fault).toContain(`/site/page.html:${message}`);
    expect(more).toEqual([]);
  });

  it('names all faults of all templates at once', () => {
    const { faults } = engine({
      'a.html': '{{ x | nope }}\n{% include "gone.html" %}\n{{ y is odd(1) }}',
      'b.html': '{% do x %}',
      'c.html': 'fine',
    });
    expect(faults.map((fault) => /\w\.html:\d/.exec(fault)?.[0])).toEqual([
      'a.html:1',
      'a.html:3',
      'a.html:2',
      'b.html:1',
    ]);
  });

  it('lets a template use a name of ours that it sets itself', () => {
    expect(
      faultsOf(
        '{% set auth_state = 1 %}{{ auth_state }}{% macro m(exception) %}{{ exception }}{% endmacro %}',
      ),
    ).toEqual([]);
  });

  it('names the file that includes one in a folder, and reads that too', () => {
    const find = (name: string): TemplateFile | undefined =>
      name === 'parts/note.txt'
        ? { kind: 'html', name, path: '/site/parts/note.txt', source: '{{ x | nope }}' }
        : undefined;
    const { faults } = engine({ 'page.html': '{% include "parts/note.txt" %}' }, { find: find as never });
    expect(faults).toEqual([expect.stringContaining('/site/parts/note.txt:1: Jinja2 has no filter "nope"')]);
  });
});

describe('a page of a site’s template', () => {
  it('escapes a visitor’s text, also beside text that is HTML', () => {
    const name = '<script>alert("x")</script>';
    const forms = [
      '{{ name }}',
      '{{ name ~ ("" | safe) }}',
      '{{ ("<b>" | safe) ~ name }}',
      '{{ ("<b>%s</b>" | safe) % name }}',
      '{{ ("<b>%s</b>" | safe) | format(name) }}',
      '{{ ("<b>%(n)s</b>" | safe) | format(n=name) }}',
      '{{ ("<b>{}</b>" | safe).format(name) }}',
      '{{ ("<b>{n}</b>" | safe).format(n=name) }}',
      '{{ ("a" | safe).replace("a", name) }}',
      '{{ ("a" | safe) | replace("a", name) }}',
      '{{ [name, "<br>" | safe] | join("<hr>" | safe) }}',
      '{{ (", " | safe).join([name]) }}',
      '{{ name | upper }}{{ name | title }}{{ name | truncate(9) }}{{ name | trim }}{{ name | indent }}{{ name | center }}',
      '{% set x %}<b>{{ name }}</b>{% endset %}{{ x }}',
      '{% macro m(n) %}<b>{{ n }}</b>{{ caller() }}{% endmacro %}{% call m(name) %}{{ name }}{% endcall %}',
      '{% filter upper %}{{ name }}{% endfilter %}',
      '{{ {"a": name} }}{{ [name] }}{{ name | list }}{{ name[:8] }}{{ name | tojson }}',
      '<a title="{{ name }}">',
    ];
    for (const form of forms)
      expect(render(form, { name }), form).not.toMatch(/<script|<\/script|"x"|<SCRIPT/);
  });

  it('prints HTML only where the template says so', () => {
    expect(render('{{ a | safe }}{{ a }}', { a: '<i>' })).toBe('<i>&lt;i&gt;');
  });

  it.each([
    ['{{ gone.name }}', 'page.html:1: an undefined value has no attribute "name"'],
    ['\n\n{{ gone() }}', 'page.html:3: gone is undefined, so it cannot be called'],
    ['{% block a %}\n{{ 1 + "a" }}{% endblock %}', 'page.html:2: "+" does not work on a text'],
    ['{% for x in 3 %}{% endfor %}', 'page.html:1: a number cannot be looped over'],
    ['{{ 1 // 0 }}', 'page.html:1: division by zero'],
    ['{% include name %}', 'page.html:1: there is no template elsewhere.html'],
    ['{{ fn(a=1) }}', 'page.html:1: fn takes no keyword arguments'],
    ['{{ boom() }}', 'page.html:1: boom'],
  ])('%s fails with its place', (source, message) => {
    const boom = () => {
      throw new Error('boom');
    };
    expect(() => render(source, { name: 'elsewhere.html', fn: () => 1, boom })).toThrow(`/site/${message}`);
  });

  it.each([
    ['{% for a in range(2000) %}{% for b in range(2000) %}{% endfor %}{% endfor %}', /1000000 steps/],
    ['{{ range(100000000) }}', /range\(\) gives at most/],
    ['{{ "x" * 100000000 }}', /too long/],
    ['{{ "x".zfill(100000000) }}', /too long/],
    ['{{ "x" | center(100000000) }}', /too many/],
    ['{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', /call stack/],
    ['{% include "page.html" %}', /more than 50 deep/],
    ['{% set xs = [1] %}{% for x in xs %}{% set _ = xs.append(1) %}{% endfor %}', /1000000 steps/],
  ])('%s ends', (source, message) => {
    expect(() => render(source)).toThrow(message);
  });

  it('works again after a page that failed', () => {
    const jinja = engine({
      'page.html': '{% for x in range(n) %}{% for y in range(n) %}{% endfor %}{% endfor %}{{ n }}',
    });
    expect(() => jinja.render('page.html', { n: 5000 })).toThrow(/steps/);
    expect(jinja.render('page.html', { n: 2 })).toBe('2');
  });

  it('does not see what JavaScript adds to values', () => {
    const source =
      '{{ user.constructor }}|{{ user["__proto__"] }}|{{ constructor }}|{{ toString }}|{{ "".constructor }}|{{ user.hasOwnProperty }}';
    expect(render(source, { user: { name: 'ann' } })).toBe('|||||');
  });

  it('calls the methods of a value of the site’s own', () => {
    class Weather {
      readonly #degrees = 21;
      text(): string {
        return `${this.#degrees}°`;
      }
    }
    expect(render('{{ weather.text() }}', { weather: new Weather() })).toBe('21°');
  });

  it('prints a whole number without decimals, also after a division', () => {
    expect(render('{{ 10 / 2 }} {{ 5 / 2 }} {{ 2.6 | round }}')).toBe('5 2.5 3');
  });

  it('trims as the site set it', () => {
    const files = { 'page.html': 'a\n  {% if true %}\n  b\n  {% endif %}\nc' };
    expect(engine(files).render('page.html', {})).toBe('a\n  \n  b\n  \nc');
    const whitespace = { trimBlocks: true, lstripBlocks: true };
    expect(engine(files, { whitespace }).render('page.html', {})).toBe('a\n  b\nc');
  });
});

describe('a page of ours under a site’s template', () => {
  const STOCK = {
    'templates/page.hbs': '<title>{{#> title}}Ours{{/title}}</title>{{#> main}}{{/main}}{ {{t "k"}} }',
    'page.hbs': '<title>{{#> title}}Ours{{/title}}</title>{{#> main}}{{/main}}',
    'home.hbs':
      '{{#> page.html}}{{#*inline "title"}}Home {{user.name}}{{/inline}}{{#*inline "main"}}{{#each services}}{{#> service}}<a href="{{href}}">{{name}}{{@root.sep}}</a>{{/service}}{{else}}none{{/each}}{{/inline}}{{/page.html}}',
  };

  it('has its blocks, each with its own text behind super()', () => {
    const files = {
      ...STOCK,
      'login.html':
        '{% extends "templates/page.html" %}{% block title %}{{ super() }} and mine{% endblock %}',
    };
    expect(engine(files).render('login.html', {})).toBe('<title>Ours and mine</title>{ [k] }');
  });

  it('has blocks inside of loops, with the variable of JupyterHub’s', () => {
    const files = {
      ...STOCK,
      'x.html':
        '{% extends "home.html" %}{% block service %}{{ super() }}{{ service.name | upper }}{% endblock %}',
    };
    const variables = { services: [{ name: 'a<', href: '/a' }], sep: ';', user: { name: 'ann' } };
    expect(engine(files).render('x.html', variables)).toBe(
      '<title>Home ann</title><a href="/a">a&lt;;</a>A&lt;',
    );
    expect(engine(files).render('x.html', { ...variables, services: [] })).toBe(
      '<title>Home ann</title>none',
    );
  });

  it('lets .hbs of a site stand beside its .html', () => {
    const files = {
      ...STOCK,
      'page.html': '<b>{% block title %}{% endblock %}</b>{% block main %}{% endblock %}',
      'own.hbs': '{{#> page.html}}{{#*inline "title"}}own {{> @partial-block}}{{/inline}}{{/page.html}}',
    };
    expect(engine({ ...files }).render('own.html', {})).toBe('<b>own </b>');
    expect(engine({ ...files }).render('home.html', { user: null })).toBe('<b>Home </b>none');
  });

  it.each([
    ['{{lookup a b}}', 'there is no helper lookup'],
    ['{{#raw x}}{{/raw}}', '{{#raw}} has no counterpart'],
    ['{{#if}', 'Parse error'],
    ['{{../x}}', 'write @root.NAME'],
  ])('%s in a site’s .hbs beside .html is a fault', (source, message) => {
    expect(engine({ 'own.hbs': source, 'page.html': '' }).faults).toEqual([expect.stringContaining(message)]);
  });
});
