/**
 * `refresh_user` before starts and stops (`refresh_pre_spawn`, `refresh_pre_stop`), with JupyterHub 6.1.1 and with our built
 * hub: an authenticator of few lines, written in Python and in JavaScript, whose n-th verdict on a user is the n-th word
 * of the user's name. What it was asked is noted, with the auth_state that it and auth_state_hook were given.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distScript } from '../../core/package-root.js';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { compareSteps } from './conversations/compare.js';
import { explain } from './conversations/differences.js';
import { type Line, Speaker } from './conversations/speaker.js';
import { ensureVenv, type RealHub, startRealHub } from './peers.js';

const STUB = join(import.meta.dirname, 'record/stub_server.py');
const TOKENS = { root: 'root-token-for-refresh' };
const HTML = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' };

const NAMES = [
  'valid',
  'expired',
  'valid-expired',
  'updated-valid',
  'valid-updated-valid',
  'promoted',
  'broken',
  'valid-broken',
];

const python = (dir: string, interpreter: string): string => `
import json
from jupyterhub.auth import DummyAuthenticator
class Refreshing(DummyAuthenticator):
    asked = {}
    async def authenticate(self, handler, data):
        name = await super().authenticate(handler, data)
        return name and {"name": name, "auth_state": {"from": "sign-in"}}
    async def refresh_user(self, user, handler=None):
        words = user.name.split("-")
        nth = self.asked[user.name] = self.asked.get(user.name, 0) + 1
        word = words[min(nth, len(words)) - 1]
        with open(${JSON.stringify(join(dir, 'theirs.jsonl'))}, "a") as f:
            f.write(json.dumps([user.name, nth, await user.get_auth_state()]) + "\\n")
        if word == "expired":
            return False
        if word == "broken":
            raise RuntimeError("the directory is down")
        if word == "updated":
            return {"name": user.name, "auth_state": {"from": "refresh"}}
        if word == "promoted":
            return {"name": user.name, "admin": True, "auth_state": {"from": "refresh"}}
        return True
def state_hook(spawner, state):
    with open(${JSON.stringify(join(dir, 'theirs.jsonl'))}, "a") as f:
        f.write(json.dumps([spawner.user.name, "auth_state_hook", state]) + "\\n")
c.Spawner.auth_state_hook = state_hook
c.JupyterHub.authenticator_class = Refreshing
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"root"}
c.Authenticator.enable_auth_state = True
c.Authenticator.refresh_pre_spawn = True
c.Authenticator.refresh_pre_stop = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(join(dir, 'homes', '{username}'))}
c.Spawner.cmd = ${JSON.stringify([interpreter, STUB])}
c.JupyterHub.api_tokens = ${JSON.stringify(Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [token, name])))}
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 20, "slow_stop_timeout": 20}
`;

const plugin = (dir: string): string => `
  import { appendFileSync } from 'node:fs';
  import { AuthenticatorClass, declareClass } from ${JSON.stringify(pathToFileURL(distScript('core/plugin/index.js')).href)};
  const asked = new Map();
  class Refreshing {
    className = 'Refreshing';
    async provision() {}
    async authenticate({ username }) {
      return { kind: 'authenticated', model: { name: username, authState: { from: 'sign-in' } } };
    }
    async refreshUser(name, state) {
      const words = name.split('-');
      const nth = (asked.get(name) ?? 0) + 1;
      asked.set(name, nth);
      appendFileSync(${JSON.stringify(join(dir, 'ours.jsonl'))}, JSON.stringify([name, nth, state]) + '\\n');
      switch (words[Math.min(nth, words.length) - 1]) {
        case 'expired':
          return { kind: 'expired' };
        case 'broken':
          throw new Error('the directory is down');
        case 'updated':
          return { kind: 'updated', model: { name, authState: { from: 'refresh' } } };
        case 'promoted':
          return { kind: 'updated', model: { name, admin: true, authState: { from: 'refresh' } } };
        default:
          return { kind: 'valid' };
      }
    }
    async [Symbol.asyncDispose]() {}
  }
  export const refreshing = {
    className: 'Refreshing',
    declaration: declareClass({ name: 'Refreshing', aliases: [], parent: AuthenticatorClass, help: 'For a test.', traits: {} }),
    create: () => new Refreshing(),
  };
`;

const javascript = (dir: string, file: string, interpreter: string): string => `
  c.Spawner.auth_state_hook = (spawner, state) =>
    process.getBuiltinModule('node:fs').appendFileSync(
      ${JSON.stringify(join(dir, 'ours.jsonl'))}, JSON.stringify([spawner.user.name, 'auth_state_hook', state]) + '\\n');
  c.JupyterHub.authenticator_class = ${JSON.stringify(`${file}#refreshing`)};
  c.Authenticator.admin_users = new Set(['root']);
  c.Authenticator.enable_auth_state = true;
  c.Authenticator.refresh_pre_spawn = true;
  c.Authenticator.refresh_pre_stop = true;
  c.Spawner.cmd = ${JSON.stringify([interpreter, STUB])};
  c.JupyterHub.api_tokens = ${JSON.stringify(Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [token, name])))};
  c.JupyterHub.tornado_settings = { slow_spawn_timeout: 20, slow_stop_timeout: 20 };
`;

const settled = (json: unknown): boolean =>
  !(json as { readonly pending?: string | null }).pending ||
  (json as { readonly ready?: boolean }).ready === true;

/** Signs in, starts by the page, stops by the API, starts and stops again by the API. */
const linesFor = (name: string): readonly Line[] => {
  const api = `/hub/api/users/${name}`;
  const after: readonly Line[] = [
    { as: 'root', method: 'GET', path: api, until: settled, quiet: true },
    { as: 'root', method: 'GET', path: api },
  ];
  return [
    { as: `browser:${name}`, method: 'GET', path: '/hub/home', headers: HTML },
    { as: `browser:${name}`, method: 'GET', path: '/hub/spawn?next=%2Fhub%2Fhome', headers: HTML },
    ...after,
    { as: 'root', method: 'DELETE', path: `${api}/server` },
    ...after,
    { as: 'root', method: 'POST', path: `${api}/server` },
    ...after,
    { as: 'root', method: 'DELETE', path: `${api}/server` },
    ...after,
    { as: `browser:${name}`, method: 'GET', path: '/hub/home', headers: HTML },
  ];
};

describe('refresh_user before a start and a stop', () => {
  let dir: string;
  let real: RealHub;
  let own: HubProcess;
  let theirs: Speaker;
  let ours: Speaker;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anteroom-refresh-'));
    const venv = await ensureVenv();
    await writeFile(join(dir, 'auth.mjs'), plugin(dir));
    const env = { JUPYTERHUB_CRYPT_KEY: randomBytes(32).toString('hex') };
    [real, own] = await Promise.all([
      startRealHub({ dir: join(dir, 'real'), config: python(dir, venv.python), environment: env }),
      startHub({ config: javascript(dir, join(dir, 'auth.mjs'), venv.python), env }),
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

  it.each(NAMES)(
    'verdicts: %s',
    async (name) => {
      const talk = { name: `refresh-${name}`, lines: linesFor(name) };
      const [told, answered] = await Promise.all([theirs.hold(talk), ours.hold(talk)]);
      const { unexplained } = explain(compareSteps(talk.name, told, answered));
      expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
      const [asked, own] = [await asks('theirs', name), await asks('ours', name)];
      expect(own).toEqual(asked);
      expect(asked).not.toEqual([]);
    },
    120_000,
  );

  async function asks(side: 'ours' | 'theirs', name: string): Promise<readonly unknown[]> {
    const text = await readFile(join(dir, `${side}.jsonl`), 'utf8');
    const all = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as readonly unknown[]);
    return all.filter(([user]) => user === name);
  }
});
