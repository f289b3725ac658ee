import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StartupFault } from '../../core/fault.js';
import { createRenderer, type RendererOptions, stockTemplates } from './renderer.js';

const folders: string[] = [];

function site(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-templates-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function renderer(templatePaths: readonly string[] = [], more: Partial<RendererOptions> = {}) {
  return createRenderer({
    ...more,
    templatePaths,
    staticUrl: '/hub/static/',
    globals: { hub_name: 'Test', base_url: '/hub/' },
  });
}

/** What stops a start with these folders. */
function faultsOf(templatePaths: readonly string[]): readonly string[] {
  try {
    renderer(templatePaths);
    return [];
  } catch (error) {
    if (error instanceof StartupFault) return error.faults;
    throw error;
  }
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('templates', () => {
  it('escapes what a visitor typed', () => {
    const page = renderer().render('login.html', { username: '"><script>', login_error: '<b>no</b>' });
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;b&gt;no&lt;/b&gt;');
  });

  it('lets a site replace one block of a stock page', () => {
    const folder = site({
      'login.hbs':
        '{{#> templates/login.html}}{{#*inline "login_terms"}}<p>Be kind</p>{{/inline}}{{/templates/login.html}}',
    });
    const page = renderer([folder]).render('login.html', { login_service: '' });
    expect(page).toContain('Be kind');
    expect(page).toContain('id="login_submit"');
  });

  it('lets a site replace the layout under every page', () => {
    const folder = site({ 'page.hbs': '<body>own {{#> main}}{{/main}}</body>' });
    expect(renderer([folder]).render('logout.html', {})).toMatch(/^<body>own /);
  });

  it('gives static files a version from their bytes', () => {
    expect(renderer().staticUrl('anteroom.css')).toMatch(/^\/hub\/static\/anteroom\.css\?v=[0-9a-f]{16}$/);
    expect(renderer().staticUrl('anteroom.css', false)).toBe('/hub/static/anteroom.css');
  });

  it('names every template that does not compile, of both kinds', () => {
    const folder = site({
      'home.hbs': '{{#if}',
      'login.html': 'a\n{% block x %}',
      'spawn.html': '{{ a | nope }}',
    });
    const start = () => renderer([folder]);
    expect(start).toThrow(StartupFault);
    expect(start).toThrow(
      /home\.hbs:1: Parse error[\s\S]*login\.html:2: \{% block x[\s\S]*spawn\.html:1: Jinja2 has no/,
    );
  });

  it.each([
    ['{{#if}', ':1: Parse error, after "{{#if"'],
    ['a\n{{#if x}}\nb', ':3: the file ends before everything is closed, after "a{{#if x}}b"'],
    ['a\n{{#if x}}{{/unless}}', ":2: if doesn't match unless"],
    ['\n{{> chip a b}}', ':2: Unsupported number of partial arguments: 2'],
  ])('says of %j where its syntax is wrong, and nothing of the parser', (source, fault) => {
    const folder = site({ 'home.hbs': source });
    expect(faultsOf([folder])).toEqual([`${join(folder, 'home.hbs')}${fault}`]);
  });

  it('says so beside Jinja2 templates too, and which parent is not there', () => {
    const wrong = site({ 'home.hbs': 'a\n{{#if}', 'x.html': '' });
    expect(faultsOf([wrong])).toEqual([
      `${join(wrong, 'home.hbs')}:2: Parse error, after "a{{#if" (docs/templates.md)`,
    ]);
    const orphan = site({ 'home.hbs': '{{#> templates/hom.html}}{{/templates/hom.html}}', 'x.html': '' });
    expect(faultsOf([orphan])).toEqual([
      expect.stringMatching(/home\.hbs:1: there is no template templates\/hom/),
    ]);
  });

  it.each([
    [
      'a parent',
      '\n{{#> templates/logn.html}}{{#*inline "login_terms"}}x{{/inline}}{{/templates/logn.html}}',
      /^2: there is no template or partial templates\/logn\.html; did you mean templates\/login\.html\?$/,
    ],
    [
      'a parent without its folder',
      '{{#> login}}{{#*inline "login_terms"}}x{{/inline}}{{/login}}',
      /^1: there is no template or partial login; did you mean templates\/login\.html\?$/,
    ],
    [
      'a parent that is the page itself',
      '{{#> login.html}}{{/login.html}}',
      /^1: the file shows itself; write templates\/login\.html for our own page$/,
    ],
    ['a partial', 'a\nb\n{{> nosuchpartial}}', /^3: there is no template or partial nosuchpartial$/],
    ['a helper', 'a\n{{oops 1}}', /^2: there is no helper oops; docs\/templates\.md lists them$/],
    ['a helper of a block', '{{#iff x}}{{/iff}}', /^1: there is no helper iff; did you mean if\?; docs/],
    ['a helper inside of a value', '{{#if (or (not a) b)}}{{/if}}', /^1: there is no helper not\b/],
    ['a decorator', '{{#*inlin "x"}}{{/inlin}}', /^1: there is no decorator inlin, only inline$/],
    [
      'a block',
      '{{#> templates/login.html}}\n{{#*inline "login_trems"}}x{{/inline}}{{/templates/login.html}}',
      /^2: no page has a block login_trems here, so it would be shown nowhere; did you mean login_terms\?$/,
    ],
    [
      'a block of another page',
      '{{#> templates/login.html}}{{#*inline "h1_error"}}x{{/inline}}{{/templates/login.html}}',
      /^1: no page has a block h1_error here/,
    ],
  ])('refuses %s that is not there, with file and line', (_what, source, fault) => {
    const folder = site({ 'login.hbs': source });
    const faults = faultsOf([folder]);
    expect(faults).toHaveLength(1);
    const path = `${join(folder, 'login.hbs')}:`;
    expect(faults[0]?.slice(0, path.length)).toBe(path);
    expect(faults[0]?.slice(path.length)).toMatch(fault);
  });

  it('names a fault of every file at once', () => {
    const folder = site({ 'home.hbs': '{{> a}}{{b 1}}', 'login.hbs': '{{c 1}}', 'spawn.hbs': '{{#if}' });
    expect(faultsOf([folder])).toHaveLength(4);
  });

  it('takes every name that a page can have', () => {
    const folder = site({
      'page.hbs': '<body>{{#> sidebar}}mine{{/sidebar}}{{#> main}}{{/main}}{{> part.html}}</body>',
      'part.hbs': '{{> slot}}{{#> slot}}none{{/slot}}',
      'login.hbs':
        '{{#> templates/login.html}}{{#*inline "slot"}}s{{/inline}}{{#*inline "login"}}{{> @partial-block}}{{/inline}}{{/templates/login.html}}',
      'home.hbs':
        '{{#*inline "row"}}{{> chip state=s}}{{/inline}}{{#each rows as |row at|}}{{row at}}{{> row}}{{/each}}{{#nothing}}{{/nothing}}{{> (lookup . "which")}}{{user.url 1}}',
      'spawn.hbs': '{{#*inline "any"}}{{/inline}}{{> (lookup . "which")}}',
    });
    expect(renderer([folder]).render('login.html', {})).toMatch(/^<body>mine.*s.*s<\/body>$/s);
  });

  it('names the file of what fails only with its values', () => {
    const folder = site({
      'login.hbs':
        '{{#> templates/login.html}}{{#*inline "login_terms"}}{{> (lookup . "username")}}{{/inline}}{{/templates/login.html}}',
    });
    expect(() => renderer([folder]).render('login.html', { username: 'gone' })).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE',
        detail: `login.html: ${join(folder, 'login.hbs')}: The partial gone could not be found`,
      }),
    );
  });

  it('are those of docs/templates.md', () => {
    const docs = readFileSync(join(import.meta.dirname, '../../docs/templates.md'), 'utf8');
    const examples = [...docs.matchAll(/```handlebars\n(.*?)```/gs)].map(([, source = '']) => source);
    expect(examples).not.toHaveLength(0);
    for (const source of examples) expect(faultsOf([site({ 'login.hbs': source })])).toEqual([]);
  });

  it('refuses two templates for one page in one folder, and a folder that is not there', () => {
    const folder = site({ 'home.hbs': 'a', 'home.html': 'b' });
    expect(() => renderer([folder])).toThrow(
      /home\.html: there is also home\.hbs, for the same page; keep one/,
    );
    expect(() => renderer([join(folder, 'gone')])).toThrow(/template_paths: .*gone does not exist/);
  });

  it('has no inline script or style, which the policy would block', () => {
    const pages = [
      'login',
      'home',
      'spawn',
      'spawn_pending',
      'stop_pending',
      'not_running',
      'token',
      'oauth',
      'error',
      '404',
      'logout',
    ];
    for (const name of pages) {
      const page = renderer().render(`${name}.html`, {
        user: { name: 'a' },
        default_server: { state: 'ready' },
      });
      expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    }
  });
});

/** Enough for every branch of our pages. */
const FULL = {
  base_url: '/hub/',
  user: { name: 'ann<b>', escaped_name: 'ann', admin: true },
  admin_access: true,
  announcement: '<b>soon</b>',
  services: [
    { name: 'a&b', href: '/services/a/' },
    { name: 'c', href: '/services/c/' },
  ],
  xsrf: 'x"y',
  login_error: 'no <b>',
  username: 'ann"',
  login_term_url: '/terms?a=1&b=2',
  request_otp: true,
  otp_prompt: 'OTP:',
  authenticator_login_url: '/hub/login?next=%2F',
  default_server: {
    state: 'ready',
    active: true,
    url: '/user/ann/',
    started: '2026-01-01T00:00:00Z',
    failure: 'f',
  },
  named_servers: [
    { name: 'gpu', display_name: null, escaped_name: 'gpu', state: 'failed', active: false },
    {
      name: 'x',
      display_name: 'The x',
      escaped_name: 'x',
      state: 'ready',
      active: true,
      url: '/user/ann/x/',
      last_activity: '2026-01-01T00:00:00Z',
    },
  ],
  allow_named_servers: true,
  shared_account: 'all one',
  for_other: true,
  for_user: { name: 'bo' },
  spawner_options_form: '<input name="a">',
  error_message: 'bad {{ thing }}',
  url: '/hub/spawn?_xsrf=a',
  progress_url: '/p',
  stop_url: '/s',
  failed: true,
  failed_message: 'it {% broke %}',
  failed_output: 'line {# 1 #}',
  incident: 'i1',
  auto_start: true,
  implicit_spawn_seconds: 3,
  oauth_client: { description: 'A "client"', redirect_uri: '/cb' },
  allowed_scopes: ['self', 'a!b=c'],
  scope_descriptions: [
    { scope: 'self', description: 'all', filter: 'for <you>' },
    { scope: 'x', description: 'y' },
  ],
  api_tokens: [
    { api_id: 'a1', note: '<n>', created: 'c', expires_at: 'e' },
    { api_id: 'a2', note: '', created: 'c', last_activity: 'l' },
  ],
  oauth_clients: [{ token_id: 'a3', description: 'd', created: 'c' }],
  token_expires_in_options_html: '<option>',
  users: [
    {
      name: 'u',
      admin: true,
      groups: 'g',
      servers: [{ state: 'ready', url: '/u', label: '', stop_url: '/stop', started: 's' }],
      spawn_url: '/sp',
    },
  ],
  columns: [{ order: 'ascending', href: '?a', by: 'name' }],
  first: 1,
  last: 2,
  total: 2,
  next_url: '?n',
  state: 'active',
  status_code: 404,
  status_message: 'Not Found',
  message: '<what>',
  request_id: 'r1',
  owner: { name: 'o' },
  code: 'c',
  spawner_url: '/sp',
};

describe('a site’s Jinja2 templates', () => {
  const own = () => site({ 'unused.html': '' });
  const pages = readdirSync(stockTemplates())
    .filter((name) => name.endsWith('.hbs'))
    .map((name) => name.replace('.hbs', '.html'));

  it.each(pages)('leave our %s as it is, byte for byte', (page) => {
    const [handlebars, jinja] = [renderer(), renderer([own()])];
    expect([handlebars.isJinja, jinja.isJinja]).toEqual([false, true]);
    for (const variables of [
      FULL,
      { user: null, default_server: { state: 'stopped' }, custom_html: '<form>' },
      { failed: false, login_service: 'Git<Hub>' },
    ])
      expect(jinja.render(page, variables)).toBe(handlebars.render(page, variables));
  });

  it('change all pages through page.html, ours and those of their own', () => {
    const folder = site({
      'page.html':
        '{% extends "templates/page.html" %}{% block announcement %}<p>{{ user.name }}</p>{{ super() }}{% endblock %}',
      'home.html': '{% extends "page.html" %}{% block main %}my home {{ default_server.url }}{% endblock %}',
      'spawn.hbs':
        '{{#> templates/spawn.html}}{{#*inline "heading"}}<h1>hbs {{> @partial-block}}</h1>{{/inline}}{{/templates/spawn.html}}',
    });
    const own = renderer([folder]);
    expect(own.render('token.html', FULL)).toMatch(
      /<p>ann&lt;b&gt;<\/p><section class="announcement" aria-label="Announcement"><b>soon<\/b>/,
    );
    expect(own.render('token.html', FULL)).toContain('id="request-token-form"');
    expect(own.render('home.html', FULL)).toMatch(/<p>ann&lt;b&gt;<\/p>[\s\S]*my home \/user\/ann\//);
    expect(own.render('spawn.html', FULL)).toMatch(
      /<p>ann&lt;b&gt;<\/p>[\s\S]*<h1>hbs <h1>Start a server for bo<\/h1><\/h1>/,
    );
  });

  it('are searched in the order of the folders, and may include from folders below', () => {
    const [first, second] = [
      site({ 'home.html': 'first' }),
      site({ 'home.html': 'second', 'token.html': '{% include "parts/a.html" %}' }),
    ];
    mkdirSync(join(second, 'parts'));
    writeFileSync(join(second, 'parts/a.html'), 'part of {{ user.name | e }}');
    const own = renderer([first, second]);
    expect(own.render('home.html', {})).toBe('first');
    expect(own.render('token.html', { user: { name: '<' } })).toBe('part of &lt;');
    expect(() => renderer([site({ 'x.html': '{% include "../etc/passwd" %}' })])).toThrow(
      /there is no template \.\.\/etc\/passwd/,
    );
  });

  it('have the functions of JupyterHub’s', () => {
    const folder = site({
      'x.html':
        '{{ static_url("anteroom.css") }} {{ static_url("a.js", include_version=False) }} {{ url_path_join("/a/", "/b", "c/") }}',
    });
    expect(renderer([folder]).render('x.html', {})).toMatch(
      /^\/hub\/static\/anteroom\.css\?v=\w{16} \/hub\/static\/a\.js \/a\/b\/c\/$/,
    );
  });

  it('may stand for one status', () => {
    const folder = site({
      '403.html': '{% extends "error.html" %}{% block h1_error %}<h1>Ask {{ contact }}</h1>{% endblock %}',
    });
    const own = renderer([folder]);
    expect([own.has('403.html'), own.has('410.html')]).toEqual([true, false]);
    expect(own.render('403.html', { contact: '<me>', message: 'no' })).toMatch(
      /<h1>Ask &lt;me&gt;<\/h1>[\s\S]*<p>no<\/p>/,
    );
  });

  it('fail as a fault whose place is for the log alone', () => {
    const folder = site({ 'home.html': '\n{{ nothing.name }}' });
    const failing = () => renderer([folder]).render('home.html', {});
    expect(failing).toThrow('This page could not be made');
    expect(failing).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE',
        detail: expect.stringContaining('home.html:2: an undefined value'),
      }),
    );
  });

  it('trim as jinja_environment_options says, and refuse what cannot be set', () => {
    const folder = site({ 'x.html': 'a\n {% if true %}\nb\n {% endif %}\n' });
    const environmentOptions = { trim_blocks: true, lstrip_blocks: true, autoescape: true };
    expect(renderer([folder], { environmentOptions }).render('x.html', {})).toBe('a\nb\n');
    const wrong = { autoescape: false, extensions: ['jinja2.ext.do'], cache_size: 1, trim_blocks: 'yes' };
    expect(() => renderer([], { environmentOptions: wrong })).toThrow(
      /autoescape cannot be set; everything is escaped[\s\S]*extensions cannot be set[\s\S]*cache_size cannot be set[\s\S]*trim_blocks is true or false/,
    );
  });

  it('may be a plug-in’s own form', () => {
    const form = renderer().fragment(
      'custom_html',
      '<form action="{{ authenticator_login_url }}">{% if login_error %}{{ login_error }}{% endif %}',
    );
    expect(form({ authenticator_login_url: '/a?b&c', login_error: '<no>' })).toBe(
      '<form action="/a?b&amp;c">&lt;no&gt;',
    );
    expect(renderer().fragment('custom_html', '<form>')({})).toBe('<form>');
    expect(() => renderer().fragment('custom_html', '{% trans %}')).toThrow(
      /custom_html:1: \{% trans %\} is not available/,
    );
  });
});
