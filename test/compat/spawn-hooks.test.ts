/**
 * What a start makes of options and hooks, with JupyterHub 6.1.1 and with our built hub: the same functions, written in
 * Python and in JavaScript, note when they are called and with what.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { compareSteps, type Step } from './conversations/compare.js';
import { explain } from './conversations/differences.js';
import { type Line, Speaker, type Talk } from './conversations/speaker.js';
import { ensureVenv, type RealHub, startRealHub } from './peers.js';

const STUB = join(import.meta.dirname, 'record/stub_server.py');
const TOKENS = { root: 'root-token-for-hooks' };
const HTML = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' };

const python = (dir: string, interpreter: string): string => `
import json
def note(*said):
    with open(${JSON.stringify(join(dir, 'theirs.jsonl'))}, "a") as f:
        f.write(json.dumps(said) + "\\n")
def options_form(spawner):
    note("options_form", spawner.user.name)
    return '<input name="size">' if spawner.user.name == "formed" else ""
def options_from_form(form):
    note("options_from_form", form)
    if form.get("size") == ["bad"]:
        raise ValueError("no such size")
    return {"from_form": form}
def apply_user_options(spawner, options):
    note("apply_user_options", options)
    if options.get("size") == "refused":
        raise ValueError("not for you")
def group_overrides(spawner):
    note("group_overrides", spawner.name)
    return {}
def progress_ready(spawner, event):
    note("progress_ready_hook", event["message"])
    return {**event, "html_message": "<b>come in</b>"}
c.Spawner.options_form = options_form
c.Spawner.options_from_form = options_from_form
c.Spawner.apply_user_options = apply_user_options
c.Spawner.group_overrides = group_overrides
c.Spawner.progress_ready_hook = progress_ready
c.Spawner.auth_state_hook = lambda spawner, state: note("auth_state_hook", spawner.name, state)
c.Spawner.pre_spawn_hook = lambda spawner: note("pre_spawn_hook", spawner.user.name, spawner.user_options)
c.Spawner.post_stop_hook = lambda spawner: note("post_stop_hook", spawner.user.name, spawner.name)
c.JupyterHub.named_server_limit_per_user = lambda handler: 1
c.JupyterHub.allow_named_servers = True
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.DummyAuthenticator.password = "secret"
c.Authenticator.admin_users = {"root"}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(dir, 'homes', '{username}'))}
c.Spawner.cmd = ${JSON.stringify([interpreter, STUB])}
c.JupyterHub.api_tokens = ${JSON.stringify(Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [token, name])))}
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 20, "slow_stop_timeout": 20}
`;

const javascript = (dir: string, interpreter: string): string => `
  const note = (...said) =>
    process.getBuiltinModule('node:fs').appendFileSync(
      ${JSON.stringify(join(dir, 'ours.jsonl'))}, JSON.stringify(said) + '\\n');
  c.Spawner.options_form = (spawner) => {
    note('options_form', spawner.user.name);
    return spawner.user.name === 'formed' ? '<input name="size">' : '';
  };
  c.Spawner.options_from_form = (form) => {
    note('options_from_form', form);
    if (String(form.size) === 'bad') throw new Error('no such size');
    return { from_form: form };
  };
  c.Spawner.apply_user_options = (spawner, options) => {
    note('apply_user_options', options);
    if (options.size === 'refused') throw new Error('not for you');
  };
  c.Spawner.group_overrides = (spawner) => {
    note('group_overrides', spawner.name);
    return {};
  };
  c.Spawner.progress_ready_hook = (spawner, event) => {
    note('progress_ready_hook', event.message);
    return { ...event, html_message: '<b>come in</b>' };
  };
  c.Spawner.auth_state_hook = (spawner, state) => note('auth_state_hook', spawner.name, state);
  c.Spawner.pre_spawn_hook = (spawner) => note('pre_spawn_hook', spawner.user.name, spawner.user_options);
  c.Spawner.post_stop_hook = (spawner) => note('post_stop_hook', spawner.user.name, spawner.name);
  c.JupyterHub.named_server_limit_per_user = (handler) => 1;
  c.JupyterHub.allow_named_servers = true;
  c.DummyAuthenticator.password = 'secret';
  c.Authenticator.admin_users = new Set(['root']);
  c.Spawner.cmd = ${JSON.stringify([interpreter, STUB])};
  c.JupyterHub.api_tokens = ${JSON.stringify(Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [token, name])))};
  c.JupyterHub.tornado_settings = { slow_spawn_timeout: 20, slow_stop_timeout: 20 };
`;

const ready = (json: unknown): boolean => (json as { ready?: boolean }).ready === true;

/** Waits until a start by a page is over, shows what it kept as options, and stops it. */
const seenAndStopped = (user: string): readonly Line[] => [
  { as: 'root', method: 'GET', path: `/hub/api/users/${user}/server`, until: ready, quiet: true },
  { as: 'root', method: 'GET', path: `/hub/api/users/${user}/server` },
  { as: 'root', method: 'DELETE', path: `/hub/api/users/${user}/server` },
];

const page = (as: string, path: string): Line => ({
  as: `browser:${as}`,
  method: 'GET',
  path,
  headers: HTML,
});

const TALKS: readonly Talk[] = [
  {
    name: 'hooks-json',
    lines: [
      page('alice', '/hub/home'),
      {
        as: 'root',
        method: 'POST',
        path: '/hub/api/users/alice/server',
        json: { user_options: { size: 'big' } },
      },
      { as: 'root', method: 'GET', path: '/hub/api/users/alice/server/progress' },
      ...seenAndStopped('alice'),
      { as: 'root', method: 'POST', path: '/hub/api/users/alice/server', note: 'those of the last time' },
      ...seenAndStopped('alice'),
      { as: 'root', method: 'POST', path: '/hub/api/users/alice/server', json: { size: 'refused' } },
      { as: 'root', method: 'POST', path: '/hub/api/users/alice/server', json: { user_options: {} } },
      ...seenAndStopped('alice'),
    ],
  },
  {
    name: 'hooks-query',
    lines: [
      page('bob', '/hub/spawn?opt-size=big&opt-a=1&opt-a=2&a=3&next=%2Fhub%2Fhome'),
      ...seenAndStopped('bob'),
      page('bob', '/hub/spawn?size=small&a=3'),
      ...seenAndStopped('bob'),
      page('bob', '/hub/spawn?opt-size=bad'),
      ...seenAndStopped('bob'),
      page('bob', '/hub/spawn?opt-=x'),
      page('bob', '/hub/spawn'),
      ...seenAndStopped('bob'),
    ],
  },
  {
    name: 'hooks-form',
    lines: [
      page('formed', '/hub/spawn'),
      page('formed', '/hub/spawn?opt-size=bad'),
      {
        as: 'browser:formed',
        method: 'POST',
        path: '/hub/spawn?_xsrf={xsrf}',
        headers: HTML,
        form: [
          ['size', 'bad'],
          ['more', ''],
        ],
      },
      {
        as: 'browser:formed',
        method: 'POST',
        path: '/hub/spawn?_xsrf={xsrf}&next=%2Fhub%2Fhome',
        headers: HTML,
        form: [
          ['size', 'mid'],
          ['size', 'top'],
        ],
      },
      ...seenAndStopped('formed'),
    ],
  },
  {
    name: 'limit-by-function',
    lines: [
      { as: 'root', method: 'POST', path: '/hub/api/users/alice/servers/one' },
      { as: 'root', method: 'POST', path: '/hub/api/users/alice/servers/two' },
      page('alice', '/hub/spawn/alice/three'),
      { as: 'root', method: 'DELETE', path: '/hub/api/users/alice/servers/one', json: { remove: true } },
      { as: 'root', method: 'POST', path: '/hub/api/users/alice/servers/two' },
      { as: 'root', method: 'DELETE', path: '/hub/api/users/alice/servers/two' },
    ],
  },
];

describe('options and hooks', () => {
  let dir: string;
  let real: RealHub;
  let own: HubProcess;
  let theirs: Speaker;
  let ours: Speaker;
  let seen = { theirs: 0, ours: 0 };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-hooks-'));
    const venv = await ensureVenv();
    [real, own] = await Promise.all([
      startRealHub({ dir: join(dir, 'real'), config: python(dir, venv.python) }),
      startHub({ config: javascript(dir, venv.python) }),
    ]);
    const speaker = (hubPort: number, publicPort: number): Speaker =>
      new Speaker({ hubPort, publicPort, tokens: TOKENS, password: 'secret' });
    theirs = speaker(Number(new URL(real.hubUrl).port), Number(new URL(real.publicUrl).port));
    ours = speaker(own.hubPort, own.port);
  }, 180_000);
  afterAll(async () => {
    await own?.[Symbol.asyncDispose]();
    await real?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(TALKS)(
    '$name',
    async (talk) => {
      const hold = (name: string, speaker: Speaker): Promise<readonly Step[]> =>
        speaker.hold(talk).catch((error: unknown) => {
          throw new Error(`${name}: ${String(error)}`);
        });
      const steps = await Promise.all([hold('theirs', theirs), hold('ours', ours)]);
      const [told, answered] = steps;
      const { unexplained } = explain(compareSteps(talk.name, told, answered));
      expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
      const [noted, own] = [await notes('theirs'), await notes('ours')];
      const compared = ([hook]: readonly unknown[]): boolean =>
        talk.name !== 'hooks-form' || hook !== 'auth_state_hook';
      expect(own.slice(seen.ours).filter(compared)).toEqual(noted.slice(seen.theirs).filter(compared));
      expect(own.length).toBeGreaterThan(seen.ours);
      seen = { theirs: noted.length, ours: own.length };
    },
    120_000,
  );

  /**
   * What the hooks have noted so far. JupyterHub keeps the spawner object of the page that showed the form, with what
   * auth_state_hook did to it; ours asks the hook again for a posted form, so its calls there are not compared.
   */
  async function notes(side: 'ours' | 'theirs'): Promise<readonly (readonly unknown[])[]> {
    const text = await readFile(join(dir, `${side}.jsonl`), 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as readonly unknown[]);
  }
});
