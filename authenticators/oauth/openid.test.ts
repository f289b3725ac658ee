import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../core/fault.js';
import { type LogFields, silentLog } from '../../core/log.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import { authenticatorOf } from '../../test/support/oauth-authenticator.js';
import { freePort } from '../../test/support/ports.js';
import { json, TestProvider } from '../../test/support/provider.js';
import { RedirectBrowser } from '../../test/support/redirect-browser.js';
import { generic } from './generic.js';
import { GenericOAuthenticatorClass } from './generic-traits.js';

let provider: TestProvider;
const made: Authenticator[] = [];

beforeEach(async () => {
  provider = await TestProvider.start();
});
afterEach(async () => {
  for (const authenticator of made.splice(0)) await authenticator[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

async function make(values: Readonly<Record<string, unknown>> = {}): Promise<Authenticator> {
  const authenticator = await authenticatorOf(generic, GenericOAuthenticatorClass, {
    issuer: provider.issuer,
    client_id: 'the-client',
    client_secret: 'the-secret',
    scope: ['openid', 'profile'],
    username_claim: 'preferred_username',
    http_request_kwargs: { request_timeout: 2 },
    ...values,
  });
  made.push(authenticator);
  return authenticator;
}

const DISCOVERY = '/.well-known/openid-configuration';

function lie(lies: Partial<Pick<TestProvider, 'claims' | 'idToken' | 'signature' | 'userInfo'>>): void {
  Object.assign(provider, lies);
}

function answer(path: string, how: (response: ServerResponse, request: IncomingMessage) => unknown): void {
  provider.lies.set(path, (request, response) => void how(response, request));
}

async function faultOf(values: Readonly<Record<string, unknown>> = {}): Promise<Fault> {
  const browser = new RedirectBrowser(await make(values));
  try {
    await browser.outcome(provider);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('was let in');
}

describe('OpenID Connect by discovery', () => {
  it('says in the log at the start which address does not answer, and why', async () => {
    const said: (readonly [string, LogFields | undefined])[] = [];
    const log = {
      ...silentLog,
      warn: (message: string, fields?: LogFields) => void said.push([message, fields]),
    };
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const values = { issuer: nowhere, client_id: 'c', client_secret: 's', scope: ['openid'] };
    made.push(await authenticatorOf(generic, GenericOAuthenticatorClass, values, log));
    await expect.poll(() => said).toHaveLength(1);
    expect(said[0]).toEqual([
      'the identity provider cannot be reached yet',
      expect.objectContaining({
        code: 'PROVIDER_UNREACHABLE',
        detail: expect.stringMatching(new RegExp(`${nowhere}/.*ECONNREFUSED`)),
      }),
    ]);
  });

  it('names issuer and subject, and what is known', async () => {
    const outcome = await new RedirectBrowser(await make()).outcome(provider);
    expect(outcome).toMatchObject({
      kind: 'authenticated',
      model: {
        name: 'ann',
        admin: null,
        identity: { issuer: provider.issuer, subject: 'subject-1' },
        authState: {
          access_token: 'access-1',
          refresh_token: 'refresh-1',
          scope: ['openid', 'profile'],
          oauth_user: { preferred_username: 'Ann' },
        },
      },
    });
  });

  it('proves that it began the sign-in, and nothing secret is in an address', async () => {
    const browser = new RedirectBrowser(await make());
    const url = new URL(await browser.leave());
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    expect(url.searchParams.get('redirect_uri')).toBe('https://hub.example/hub/oauth_callback');
    await browser.open('oauth_callback', provider.visit(url.href));
    const verifier = provider.asked.find(({ path }) => path === '/token')?.form.get('code_verifier') ?? '';
    expect(verifier).toMatch(/^[\w-]{43,}$/);
    expect(url.href).not.toContain(verifier);
    expect(url.href).not.toContain('the-secret');
    expect([...browser.cookies.values()].join()).not.toContain(verifier);
  });

  it.each<[string, RegExp, () => void]>([
    ['another issuer', /"iss"/, () => lie({ claims: { iss: 'https://evil.example' } })],
    ['another audience', /"aud"/, () => lie({ claims: { aud: 'somebody-else' } })],
    ['another nonce', /"nonce"/, () => lie({ claims: { nonce: 'of another sign-in' } })],
    ['no nonce', /"nonce"/, () => lie({ claims: { nonce: undefined } })],
    [
      'an end that has come',
      /"exp"/,
      () => lie({ claims: { iat: 1, exp: Math.floor(Date.now() / 1000) - 120 } }),
    ],
    ['no subject', /"sub"/, () => lie({ claims: { sub: undefined } })],
    ['no id token at all', /id_token/, () => lie({ idToken: false })],
    ['a signature of another key', /signature verification failed/, () => lie({ signature: 'foreign' })],
    ['no signature', /alg/, () => lie({ signature: 'none' })],
    [
      'claims of somebody else',
      /somebody else/,
      () => lie({ userInfo: { sub: 'subject-2', preferred_username: 'root' } }),
    ],
    ['claims that are no JSON', /no JSON/, () => answer('/me', (response) => response.end('<html>'))],
    [
      'a body without end',
      /more than/,
      () =>
        answer('/me', (response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.write('"'.padEnd(3_000_000, 'x'));
        }),
    ],
    [
      'a redirect to another host',
      /redirects are not followed/,
      () => answer('/me', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
    ],
    [
      'discovery that speaks for another issuer',
      /expected issuer/,
      () => answer(DISCOVERY, (response) => json(response, { issuer: 'https://evil.example' })),
    ],
  ])('refuses a provider with %s', async (_title, why, begin) => {
    begin();
    const fault = await faultOf();
    expect([fault.code, fault.status]).toEqual(['PROVIDER_ANSWER', 502]);
    expect(fault.detail).toMatch(why);
    expect(fault.message).not.toContain('evil');
  });

  it('allows clocks to differ by a minute, and no more', async () => {
    const now = Math.floor(Date.now() / 1000);
    provider.claims = { iat: now - 300, exp: now - 30 };
    expect(await new RedirectBrowser(await make()).outcome(provider)).toMatchObject({
      kind: 'authenticated',
    });
  });

  it('asks for new keys when the provider changes them, and for no others', async () => {
    const browser = new RedirectBrowser(await make());
    for (let time = 0; time < 3; time++) await browser.outcome(provider);
    expect(provider.count('/jwks')).toBe(1);
    provider.rotate();
    expect(await browser.outcome(provider)).toMatchObject({ kind: 'authenticated' });
    expect(provider.count('/jwks')).toBe(2);
  });

  it.each([
    ['down', 503, () => answer('/token', (response) => json(response, {}, 503))],
    ['silent', 503, () => answer('/token', () => undefined)],
    ['cutting the line', 503, () => answer('/me', (_response, request) => request.socket.destroy())],
    ['overrun', 503, () => answer('/me', (response) => json(response, {}, 429))],
  ])('says so when the provider is %s', async (_title, status, trouble) => {
    trouble();
    const fault = await faultOf({ http_request_kwargs: { request_timeout: 0.3 } });
    expect([fault.code, fault.status]).toEqual(['PROVIDER_UNREACHABLE', status]);
  });

  it('finds a provider again that was down when the hub started', async () => {
    answer(DISCOVERY, (response) => json(response, {}, 503));
    const browser = new RedirectBrowser(await make());
    await expect(browser.leave()).rejects.toMatchObject({ code: 'PROVIDER_UNREACHABLE' });
    provider.lies.clear();
    expect(await browser.outcome(provider)).toMatchObject({ kind: 'authenticated' });
  });

  it('tells a code that is used up from a hub that the provider does not know', async () => {
    const refuse = (error: string) =>
      provider.lies.set('/token', (_q, response) =>
        json(response, { error, error_description: 'the-secret?' }, 400),
      );
    refuse('invalid_grant');
    expect(await faultOf()).toMatchObject({ code: 'PROVIDER_REFUSED', status: 403 });
    refuse('invalid_client');
    const fault = await faultOf();
    expect(fault).toMatchObject({ code: 'PROVIDER_REFUSED', status: 500 });
    expect(fault.message).not.toContain('the-secret?');
  });
});
