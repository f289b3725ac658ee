import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StartupFault } from '../../core/fault.js';
import { createRenderer } from './renderer.js';

const folders: string[] = [];

function site(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-templates-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function renderer(templatePaths: readonly string[] = []) {
  return createRenderer({
    templatePaths,
    staticUrl: '/hub/static/',
    globals: { hub_name: 'Test', base_url: '/hub/' },
  });
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

  it('names every template that does not compile, and every one that is not read', () => {
    const folder = site({ 'home.hbs': '{{#if}', 'login.html': '{% block x %}' });
    const start = () => renderer([folder]);
    expect(start).toThrow(StartupFault);
    expect(start).toThrow(/login\.html: Jinja2[\s\S]*home\.hbs/);
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
