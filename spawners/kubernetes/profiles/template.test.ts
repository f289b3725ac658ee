import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../../core/fault.js';
import { viewFor } from '../../../test/suites/spawner.js';
import { profileChoices } from './index.js';
import { hasInlineScript, templateFaults } from './template.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-form-'));
afterAll(() => rmSync(folder, { recursive: true }));
const LIST = [{ display_name: 'Small' }, { display_name: 'Big' }];

async function form(template: string, paths: readonly string[] = [], more: object = {}): Promise<string> {
  const view = Object.assign(viewFor('ann'), {
    profile_list: LIST,
    profile_form_template: template,
    additional_profile_form_template_paths: paths,
    ...more,
  });
  return profileChoices.form(view);
}

const settings = (template: string, paths: readonly string[] = []) => ({
  profile_form_template: template,
  additional_profile_form_template_paths: [...paths],
});

function site(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, source] of Object.entries(files)) writeFileSync(join(path, file), source);
  return path;
}

describe("a site's form of profiles", () => {
  it('is the template in the configuration before a file, and a file before the one that comes along', async () => {
    const path = site('order', { 'form.html': 'file {{ profile_list | length }}' });
    expect(await form('literal {{ profile_list[1].slug }}', [path])).toBe('literal big');
    expect(await form('', [path])).toBe('file 2');
    expect(await form('')).toContain('id="kubespawner-profiles-list"');
  });

  it('may include the one that comes along', async () => {
    const whole = await form('<p>Choose.</p>{% include "form.html" %}{% include "style.css" %}');
    expect(whole).toBe(`<p>Choose.</p>${await form('')}`);
  });

  it('is read for a function of the spawner too, and leaves the profiles as they are', async () => {
    const list = [
      {
        display_name: 'One',
        profile_options: { a: { display_name: 'A', choices: { x: { display_name: 'X' } } } },
      },
    ];
    const before = JSON.stringify(list);
    const template = '{{ profile_list[0].profile_options.a.choices.x.default }}';
    expect(await form(template, [], { profile_list: async () => list })).toBe('True');
    expect(JSON.stringify(list)).toBe(before);
  });

  it('does not get saved options that no longer fit', async () => {
    expect(await form('{{ user_options }}', [], { user_options: { profile: 'gone' } })).toBe('{}');
  });

  it('with a fault stops the start, by line', () => {
    expect(templateFaults(settings('a\n{% for x in %}'))).toEqual([
      expect.stringMatching(/^c\.KubeSpawner\.profile_form_template:2: /),
    ]);
    const path = site('faulty', { 'form.html': '{% include "gone.html" %}' });
    expect(templateFaults(settings('', [path]))).toEqual([
      expect.stringContaining(`${join(path, 'form.html')}:1: there is no template gone.html`),
    ]);
    expect(templateFaults(settings('', [join(folder, 'nowhere')]))).toEqual([
      expect.stringContaining('nowhere does not exist'),
    ]);
  });

  it('does not reach beyond its folders', () => {
    const path = site('inside', { 'form.html': '{% include "../order/form.html" %}' });
    expect(templateFaults(settings('', [path]))).toHaveLength(1);
  });

  it('that fails is a fault in words, with the place for the log', async () => {
    const fault = await form('\n{{ 1 + "a" }}').catch((error: unknown) => error as Fault);
    expect(fault).toMatchObject({
      code: 'SPAWN_PROFILES',
      detail: expect.stringMatching(/profile_form_template:2: /),
    });
  });

  it.each([
    ['<script>go()</script>', true],
    ['<style>a {}</style>', true],
    ['<a onclick="go()">', true],
    ['<script src="/hub/static/x.js"></script>', false],
    ['<p>{{ profile_list }}</p>', false],
  ])('is said to bring a script of its own: %s %s', (template, has) => {
    expect(hasInlineScript(settings(template))).toBe(has);
  });
});
