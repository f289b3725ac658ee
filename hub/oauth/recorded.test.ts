/** JupyterHub 6.1.1's own answers (test/fixtures/hub-answers/oauth-*.json), asked of our provider. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { s256Challenge } from '../../core/wire/pkce.js';
import { type Browser, TestHub, type TestHubOptions } from '../../test/support/hub.js';
import { CALLBACK, codeFor, registerService } from '../../test/support/oauth.js';

interface Step {
  readonly note: string;
  readonly request: {
    readonly method: 'GET' | 'POST' | 'PUT';
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly json?: Record<string, unknown>;
    readonly page?: {
      readonly forms: readonly {
        readonly inputs: readonly { readonly name: string; readonly value?: string }[];
      }[];
    };
  };
}

function recorded(name: string): readonly Step[] {
  const path = new URL(`../../test/fixtures/hub-answers/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly steps: readonly Step[] }).steps;
}

let hub: TestHub;
let alice: Browser;
const start = async (options: TestHubOptions = {}): Promise<void> => {
  hub = await TestHub.make(options);
  await registerService(hub, 'svc', ['access:servers!user', 'read:users!user']);
  await registerService(hub, 'quiet', [], { oauthNoConfirm: true });
  alice = hub.browser();
  await alice.signIn('alice');
};
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

/** A location with its code made anonymous. */
const anonymized = (location: unknown): unknown =>
  typeof location === 'string' ? location.replace(/code=[A-Za-z0-9]{30}(?=&|$)/, 'code={code}') : location;

const authorize = ({ request }: Step, browser: Browser) =>
  browser.send({
    method: request.method as 'GET' | 'POST',
    url: request.path.replace('{cookie:_xsrf}', browser.cookies.get('_xsrf') ?? ''),
    ...(request.body !== undefined && { payload: request.body }),
    headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== 'Cookie')),
  });

describe('authorize', () => {
  beforeEach(() => start());
  it.each(recorded('oauth-authorize').map((step) => [step.note, step] as const))('%s', async (note, step) => {
    const { response } = step;
    const ours = await authorize(step, note === 'nobody' ? hub.browser() : alice);
    expect(ours.statusCode).toBe(response.status);
    expect(anonymized(ours.headers.location)).toBe(response.headers['location']);
    const inputs = response.page?.forms[0]?.inputs.filter((input) => input.name === 'scopes');
    if (inputs) {
      const scopes: readonly string[] = ours.json().allowed_scopes;
      expect([...scopes].sort()).toEqual(inputs.map((input) => input.value).sort());
    }
  });
});

describe('confirm', () => {
  beforeEach(() => start());
  it.each(recorded('oauth-confirm').map((step) => [step.note, step] as const))('%s', async (note, step) => {
    const ours = await authorize(step, note === 'nobody' ? hub.browser() : alice);
    expect(ours.statusCode).toBe(step.response.status);
    expect(anonymized(ours.headers.location)).toBe(step.response.headers['location']);
  });
});

/** Not answered as recorded: bytes that are no text crash JupyterHub. */
const BETTER: Readonly<Record<string, number>> = { 'no text': 400 };

async function exchange(step: Step, code: string): Promise<void> {
  const { request, response } = step;
  const ours = await hub.app.inject({
    method: request.method as 'POST',
    url: request.path,
    headers: request.headers,
    ...(request.body !== undefined && { payload: request.body.replace('{code}', code) }),
  });
  if (response.status === 500) {
    expect(ours.statusCode).toBe(BETTER['no text']);
    expect(ours.json()).toEqual({ error: 'unsupported_grant_type' });
    return;
  }
  expect(ours.statusCode).toBe(response.status);
  for (const header of ['cache-control', 'content-type', 'pragma', 'www-authenticate']) {
    expect([header, ours.headers[header]]).toEqual([header, response.headers[header]]);
  }
  const { access_token: token, scope, ...rest } = ours.json();
  const { access_token: recordedToken, scope: recordedScope, ...recordedRest } = response.json ?? {};
  expect(rest).toEqual(recordedRest);
  expect(typeof token).toBe(typeof recordedToken);
  if (token === undefined) return;
  expect(token).toMatch(/^[A-Za-z0-9]{30}$/);
  expect(scope.split(' ').sort()).toEqual(String(recordedScope).split(' ').sort());
}

describe('token', () => {
  beforeEach(() => start());
  const posts = recorded('oauth-token').filter((step) => step.request.method === 'POST');
  it.each(posts.map((step, index) => [`${index} ${step.note}`, step] as const))('%s', async (_note, step) => {
    await exchange(step, await codeFor(alice));
  });
});

const VERIFIER = 'v'.repeat(50);
/** The challenge that the code was made with, which the recording says in words. */
function challengeOf(note: string): Record<string, string> {
  if (note.startsWith('S256'))
    return { code_challenge: s256Challenge(VERIFIER), code_challenge_method: 'S256' };
  if (note.startsWith('plain, a challenge shorter'))
    return { code_challenge: 'short', code_challenge_method: 'plain' };
  if (note.startsWith('plain')) return { code_challenge: VERIFIER, code_challenge_method: 'plain' };
  if (note.startsWith('method omitted')) return { code_challenge: VERIFIER };
  return {};
}

describe('PKCE', () => {
  beforeEach(() => start());
  it.each(recorded('oauth-pkce').map((step) => [step.note, step] as const))('%s', async (note, step) => {
    await exchange(step, await codeFor(alice, challengeOf(note)));
  });
});

describe('PKCE demanded', () => {
  beforeEach(() => start({ requirePkce: true }));
  it.each(recorded('oauth-pkce-required').map((step) => [step.note, step] as const))(
    '%s',
    async (_note, step) => {
      if (step.request.path.endsWith('/token')) {
        await exchange(step, await codeFor(alice, challengeOf('S256')));
        return;
      }
      const ours = await authorize(step, alice);
      expect(ours.statusCode).toBe(step.response.status);
      expect(anonymized(ours.headers.location)).toBe(step.response.headers['location']);
    },
  );
});

describe('a code that was refused', () => {
  beforeEach(() => start());
  const steps = recorded('oauth-code-reuse');
  const pairs = steps.flatMap((step, index) => {
    const next = steps[index + 1];
    return next && (next.note === 'then the right one' || next.note === 'second use')
      ? [[step.note, step, next] as const]
      : [];
  });
  it.each(pairs)('%s', async (note, first, second) => {
    const withChallenge = note.includes('verifier');
    const code = await codeFor(alice, challengeOf(withChallenge ? 'S256' : ''));
    await exchange(first, code);
    // Chosen (docs/compatibility.md): here JupyterHub leaves the code usable.
    const burnt = {
      ...second,
      response: { ...second.response, status: 400, json: { error: 'invalid_grant' } },
    };
    await exchange(withChallenge ? burnt : second, code);
  });
});

it('sends a path-only redirect URI back to this site', async () => {
  await start();
  const client = await hub.store.oauth.client('service-svc');
  if (!client) throw new Error('no client');
  await hub.store.oauth.upsertClient({ ...client, redirectUri: '/services/svc/oauth_callback' });
  const query = new URLSearchParams({
    client_id: 'service-svc',
    response_type: 'nonsense',
    redirect_uri: '/services/svc/oauth_callback',
  });
  const response = await alice.get(`/hub/api/oauth2/authorize?${query}`);
  expect(response.headers.location).toBe('/services/svc/oauth_callback?error=unsupported_response_type');
  expect(CALLBACK).toContain('/services/svc/oauth_callback');
});
