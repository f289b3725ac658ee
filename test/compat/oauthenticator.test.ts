import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decision, unexplained } from './decisions/our-hub.js';
import { type Case, cases } from './oauth/cases.js';
import { decide } from './oauth/ours.js';
import { ensureOAuthenticator } from './peers/install.js';

/**
 * Who may enter, under which name, as what: the same people and rules at a real JupyterHub 6.1.1 with a real OAuthenticator
 * 17.4.0 and at ours, against one provider.
 */
const STRICTER = 'an e-mail address that the provider has not verified names nobody';
const CHECKED = 'audience and age of an id token are looked at here';
const WORDS = 'refused in words; theirs is a 500';
const NO_GROUPS = 'who is in no group of the domain is judged by the other rules; theirs is a 500';
const NO_ACCOUNT = 'a missing account is a refusal in words; theirs is a 500';
const BY_LOGIN = 'organizations are asked for by the login at GitHub, not by the name at the hub';
const AT_START = 'the start is refused; theirs is a 500 at each sign-in';

/** From row to the reason why the two differ. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'generic: a token answer without a token': WORDS,
  'generic: a user who may not be asked for': WORDS,
  'generic: a name by e-mail, not verified': STRICTER,
  'generic: a name by e-mail, of which nothing is said': STRICTER,
  'google: an address that is not verified, and allow_all': STRICTER,
  'github: a member under another name at the hub': BY_LOGIN,
  'github: somebody else whose login is the name at the hub': BY_LOGIN,
  'github: teams without the scope for them': AT_START,
  'openshift: a cluster that does not answer':
    'asked when somebody signs in; theirs does not start without it',
  'google: groups: somebody whom the directory does not know': NO_GROUPS,
  'google: groups: somebody of a domain without groups': NO_GROUPS,
  'google: groups: no administrator to act as': AT_START,
  'google: groups: no key': AT_START,
  'google: groups: a key file that is not there': AT_START,
  'auth0: an address that is not verified, and allow_all': STRICTER,
  'auth0: neither domain nor subdomain': AT_START,
  'bitbucket: teams that may not be asked for': WORDS,
  'cilogon: no institution': AT_START,
  ...Object.fromEntries(
    ['generic-oauth', 'github', 'gitlab', 'google', 'auth0'].map((name) => [
      `local-${name}: somebody without an account`,
      NO_ACCOUNT,
    ]),
  ),
  'azuread: a token for another client': CHECKED,
  'azuread: a token that has expired': CHECKED,
};

let folder: string;
let provider: Server;
let rows: readonly Case[] = [];
let theirs: Readonly<Record<string, Decision>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-oauthenticator-'));
  provider = createServer((request, response) => {
    const [, index = '', ...path] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? [];
    const query = decodeURIComponent((request.url ?? '').split('?')[1] ?? '');
    const answers = rows[Number(index)]?.answers ?? {};
    const answer = answers[`${path.join('/')}?${query}`] ?? answers[path.join('/')];
    if (answer === undefined || typeof answer === 'number')
      return void response.writeHead(answer ?? 404).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const address = provider.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const key = {
    type: 'service_account',
    client_email: 'hub@project.iam.test',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  rows = cases().map((row, index) => {
    const base = `http://127.0.0.1:${port}/${index}`;
    const keyFile = join(folder, `key-${index}.json`);
    const text = JSON.stringify(row.config).replaceAll('BASE', base).replaceAll('KEYFILE', keyFile);
    if (text.includes(keyFile))
      writeFileSync(keyFile, JSON.stringify({ ...key, token_uri: `${base}/sa-token` }));
    const answers = JSON.parse(JSON.stringify(row.answers).replaceAll('BASE', base)) as Case['answers'];
    return { ...row, config: JSON.parse(text) as Case['config'], answers };
  });
  const python = await ensureOAuthenticator();
  const [given, told] = [join(folder, 'cases.json'), join(folder, 'decisions.json')];
  await writeFile(given, JSON.stringify(rows));
  const script = join(import.meta.dirname, 'oauth/decide.py');
  await promisify(execFile)(python, ['-B', script, given, told], { timeout: 900_000, maxBuffer: 2 ** 24 });
  theirs = JSON.parse(await readFile(told, 'utf8')) as Record<string, Decision>;
}, 1_000_000);

afterAll(async () => {
  provider?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('who may enter, beside OAuthenticator 17', () => {
  it('agrees in every row but those that are named', async () => {
    const found: (string | undefined)[] = [];
    for (const row of rows) {
      const their = theirs[row.name];
      if (their === undefined) throw new Error(`${row.name} was not decided`);
      found.push(unexplained(row.name, await decide(row), their, DIFFERENCES));
    }
    process.stdout.write(
      `decision table: ${rows.length} rows, ${Object.keys(DIFFERENCES).length} named differences\n`,
    );
    expect(found.filter((each) => each !== undefined).join('\n')).toBe('');
  }, 300_000);

  it('has 100 rows and more, in all of which somebody is let in, refused, or the hub does not start', () => {
    const kinds = rows.map(({ name }) =>
      Object.keys(theirs[name] ?? {})[0] === 'start' ? 'start' : String((theirs[name] as { in: boolean }).in),
    );
    expect(rows.length).toBeGreaterThanOrEqual(100);
    expect(new Set(kinds)).toEqual(new Set(['true', 'false', 'start']));
    expect(kinds.filter((kind) => kind === 'true').length).toBeGreaterThan(30);
    expect(kinds.filter((kind) => kind === 'false').length).toBeGreaterThan(30);
  });
});
