/** One folder of a site's templates under real JupyterHub 6.1.1 and under ours, both running. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../e2e/client.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { parts, TEMPLATE_VARS, TEMPLATES } from './jinja/customisations.js';
import { type RealHub, startRealHub } from './peers.js';

/** A name that would be a script, were it not escaped. */
const EVIL = `<img src=x onerror=alert(1)>o'neil&"x"@tea`;
const ADMIN = 'root';

let dir: string;
let theirs: RealHub;
let ours: HubProcess;
const clients = { theirs: {} as Record<string, Client>, ours: {} as Record<string, Client> };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anteroom-jinja-'));
  for (const [name, text] of Object.entries(TEMPLATES)) {
    const file = join(dir, 'templates', name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  await mkdir(join(dir, 'broken'));
  await writeFile(
    join(dir, 'broken/page.html'),
    'half a page\n{{ users_of.name }}{% block main %}{% endblock %}',
  );
  const vars = JSON.stringify(JSON.stringify(TEMPLATE_VARS));
  const folder = JSON.stringify(join(dir, 'templates'));
  [theirs, ours] = await Promise.all([
    startRealHub({
      dir: join(dir, 'theirs'),
      config: `
import json
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"${ADMIN}"}
c.JupyterHub.spawner_class = "simple"
c.Spawner.options_form = "<input name='size'>"
c.JupyterHub.template_paths = [${folder}]
c.JupyterHub.template_vars = json.loads(${vars})
c.JupyterHub.template_vars["greeting"] = lambda user: f"bye {user.name}" if user else ""
`,
    }),
    startHub({
      config: `
c.Authenticator.admin_users = new Set(['${ADMIN}']);
c.Spawner.options_form = "<input name='size'>";
c.JupyterHub.template_paths = [${folder}];
c.JupyterHub.template_vars = { ...JSON.parse(${vars}), greeting: (user) => user ? 'bye ' + user.name : '' };
`,
    }),
  ]);
  for (const [side, url] of [
    ['theirs', theirs.publicUrl],
    ['ours', ours.url],
  ] as const) {
    clients[side]['nobody'] = new Client(url);
    for (const name of [EVIL, ADMIN]) {
      const client = new Client(url);
      expect(await client.signIn(name)).toBe(302);
      clients[side][name] = client;
    }
  }
}, 240_000);

afterAll(async () => {
  await Promise.allSettled([theirs?.[Symbol.asyncDispose](), ours?.[Symbol.asyncDispose]()]);
  await rm(dir, { recursive: true, force: true });
});

async function both(who: string, path: string) {
  const [their, our] = await Promise.all([clients.theirs[who]!.get(path), clients.ours[who]!.get(path)]);
  return { their, our };
}

describe('a site’s templates under JupyterHub and under ours', () => {
  it.each([
    ['sign-in', 'nobody', '/hub/login', ['title', 'announcement', 'notice', 'help', 'terms', 'footer']],
    ['home', EVIL, '/hub/home', ['title', 'announcement', 'nav', 'home', 'footer']],
    ['home of an administrator', ADMIN, '/hub/home', ['title', 'announcement', 'nav', 'home', 'footer']],
    ['a page of which there is no template', EVIL, '/hub/token', ['title', 'announcement', 'nav', 'footer']],
    // JupyterHub's admin page has a footer of its own in the place of the site's.
    ['administrators', ADMIN, '/hub/admin', ['title', 'announcement', 'nav']],
    ['spawn', EVIL, '/hub/spawn', ['title', 'announcement', 'nav', 'sizes', 'footer']],
    [
      'a path that is not there',
      EVIL,
      '/hub/nothing',
      ['title', 'announcement', 'nav', 'heading', 'detail', 'footer'],
    ],
    ['a refusal', EVIL, '/hub/admin', ['title', 'announcement', 'nav', 'footer']],
  ])('%s shows the same', async (_title, who, path, expected) => {
    const { their, our } = await both(who, path);
    expect(our.status).toBe(their.status);
    expect(Object.keys(parts(their.text)).sort()).toEqual([...expected].sort());
    expect(parts(our.text)).toMatchObject(parts(their.text));
    for (const { text } of [their, our])
      expect(text.replace(/<script[\s\S]*?<\/script>/g, '')).not.toMatch(/<img src=x|<of>/);
  });

  it('keeps our own content behind super()', async () => {
    const { our } = await both(EVIL, '/hub/home');
    expect(our.text).toContain('id="start"');
    expect((await both('nobody', '/hub/login')).our.text).toContain('id="login_submit"');
    expect((await both(EVIL, '/hub/spawn')).our.text).toMatch(
      /<h1>Server options<\/h1>[\s\S]*<input name='size'>/,
    );
  });

  it('puts the name into a script as both do', async () => {
    const { their, our } = await both(EVIL, '/hub/home');
    const [first, second] = [their, our].map(
      ({ text }) => /var name = (.*); var again = (".*");/.exec(text) ?? [],
    );
    expect(second?.[1]).toBe(first?.[1]);
    expect(second?.[1]).toContain('\\u003cimg');
    // Ours escapes more of it; a script reads the same.
    for (const found of [first, second]) expect(JSON.parse(found?.[2] ?? 'null')).toBe(EVIL);
    expect(second?.[2]).not.toMatch(/[<>&']/);
  });

  it('answers a template that fails with a plain page, and the log has its place', async () => {
    const broken = await startHub({
      config: `
c.JupyterHub.template_paths = [${JSON.stringify(join(dir, 'broken'))}];
`,
    });
    try {
      const answer = await new Client(broken.url).get('/hub/login');
      expect(answer.status).toBe(500);
      expect(answer.text).toMatch(/^<!doctype html>[\s\S]*500: Internal Server Error[\s\S]*<\/html>\s*$/);
      expect(answer.text).not.toMatch(/half|page\.html/);
      expect(await broken.log()).toMatch(/broken\/page\.html:2: an undefined value has no attribute/);
    } finally {
      await broken[Symbol.asyncDispose]();
    }
  });
});
