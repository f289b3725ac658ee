import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import type { ClassDeclaration } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type { JsonObject } from '../../core/model/json.js';
import type { UserName } from '../../core/model/names.js';
import type { Authenticator, AuthenticatorKind } from '../../core/plugin/authenticator.js';
import { describeAuthenticator } from '../../test/suites/authenticator.js';
import { authenticatorOf, configured } from '../../test/support/oauth-authenticator.js';
import { json, TestProvider } from '../../test/support/provider.js';
import { RedirectBrowser } from '../../test/support/redirect-browser.js';
import { Auth0OAuthenticatorClass } from './auth0-traits.js';
import { AzureAdOAuthenticatorClass } from './azuread-traits.js';
import { BitbucketOAuthenticatorClass } from './bitbucket-traits.js';
import { CILogonOAuthenticatorClass } from './cilogon-traits.js';
import { GenericOAuthenticatorClass } from './generic-traits.js';
import { GitHubOAuthenticatorClass } from './github-traits.js';
import { GitLabOAuthenticatorClass } from './gitlab-traits.js';
import { GoogleOAuthenticatorClass } from './google-traits.js';
import { auth0, azuread, bitbucket, cilogon, generic, github, gitlab, google, openshift } from './index.js';
import { OpenShiftOAuthenticatorClass } from './openshift-traits.js';

const ANN = 'ann' as UserName;
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const addresses = { authorize_url: `${NOWHERE}/a`, token_url: `${NOWHERE}/t`, userdata_url: `${NOWHERE}/u` };

function ofClass<C>(
  kind: AuthenticatorKind<C>,
  declaration: ClassDeclaration<C>,
  values: object,
): () => Authenticator {
  const config = configured(declaration, { client_id: 'c', client_secret: 's', ...values });
  const rest = {
    log: silentLog,
    clock: systemClock,
    passwordFile: '',
    resetPasswords: false,
    announce: () => undefined,
  };
  return () => kind.create({ config, ...rest });
}

const bad = { username: 'ann', password: 'anything' };
describeAuthenticator({
  name: 'generic-oauth',
  make: ofClass(generic, GenericOAuthenticatorClass, addresses),
  bad,
});
describeAuthenticator({ name: 'github', make: ofClass(github, GitHubOAuthenticatorClass, {}), bad });
describeAuthenticator({ name: 'google', make: ofClass(google, GoogleOAuthenticatorClass, {}), bad });
describeAuthenticator({ name: 'gitlab', make: ofClass(gitlab, GitLabOAuthenticatorClass, {}), bad });
describeAuthenticator({ name: 'azuread', make: ofClass(azuread, AzureAdOAuthenticatorClass, {}), bad });
describeAuthenticator({
  name: 'auth0',
  make: ofClass(auth0, Auth0OAuthenticatorClass, { auth0_domain: 'lab.auth0.test' }),
  bad,
});
describeAuthenticator({ name: 'bitbucket', make: ofClass(bitbucket, BitbucketOAuthenticatorClass, {}), bad });
describeAuthenticator({
  name: 'cilogon',
  make: ofClass(cilogon, CILogonOAuthenticatorClass, {
    idps: { 'https://idp.test': { username_derivation: { username_claim: 'eppn' } } },
  }),
  bad,
});
describeAuthenticator({
  name: 'openshift',
  make: ofClass(openshift, OpenShiftOAuthenticatorClass, { openshift_url: NOWHERE }),
  bad,
});

let provider: TestProvider;
const made: Authenticator[] = [];
beforeEach(async () => {
  provider = await TestProvider.start();
  provider.idToken = false;
});
afterEach(async () => {
  for (const authenticator of made.splice(0)) await authenticator[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

async function plain(values: Readonly<Record<string, unknown>> = {}): Promise<Authenticator> {
  const { issuer } = provider;
  const authenticator = await authenticatorOf(generic, GenericOAuthenticatorClass, {
    authorize_url: `${issuer}/auth?fixed=1`,
    token_url: `${issuer}/token`,
    userdata_url: `${issuer}/me`,
    client_id: 'the-client',
    client_secret: 'the-secret',
    username_claim: 'preferred_username',
    enable_auth_state: true,
    http_request_kwargs: { request_timeout: 2 },
    ...values,
  });
  made.push(authenticator);
  return authenticator;
}

async function authState(authenticator: Authenticator): Promise<JsonObject> {
  const outcome = await new RedirectBrowser(authenticator).outcome(provider);
  if (outcome.kind !== 'authenticated' || !outcome.model.authState) throw new Error('not let in');
  return outcome.model.authState;
}

describe('the way to the provider', () => {
  it('carries what is configured, and keeps what the address already has', async () => {
    const authenticator = await plain({ scope: ['a', 'b'], extra_authorize_params: { prompt: 'login' } });
    const { searchParams } = new URL(await new RedirectBrowser(authenticator).leave());
    expect(Object.fromEntries(searchParams)).toMatchObject({
      fixed: '1',
      client_id: 'the-client',
      response_type: 'code',
      scope: 'a b',
      prompt: 'login',
      code_challenge_method: 'S256',
    });
  });

  it('keeps eight sign-ins of a browser, the latest', async () => {
    const browser = new RedirectBrowser(await plain());
    for (let time = 0; time < 12; time++) await browser.leave();
    expect(browser.cookies.size).toBe(8);
  });

  it.each([
    ['a form', {}, { client_id: 'the-client', client_secret: 'the-secret' }, undefined],
    [
      'a header',
      { basic_auth: true },
      {},
      `Basic ${Buffer.from('the-client:the-secret').toString('base64')}`,
    ],
  ])('authenticates the hub in %s', async (_title, values, fields, authorization) => {
    await authState(await plain({ ...values, token_params: { audience: 'x' } }));
    const asked = provider.asked.find(({ path }) => path === '/token');
    const sent = Object.fromEntries(asked?.form ?? []);
    expect(sent).toMatchObject({ grant_type: 'authorization_code', audience: 'x', ...fields });
    expect(asked?.headers.authorization).toBe(authorization);
    if (authorization !== undefined) expect(sent).not.toHaveProperty('client_secret');
  });

  it.each([
    ['access_denied', 'cancelled'],
    ['server_error', 'reports'],
  ])('says what the provider reports: %s', async (error, words) => {
    const browser = new RedirectBrowser(await plain());
    const { state = '' } = provider.visit(await browser.leave());
    const answer = await browser.open('oauth_callback', { state, error, error_description: 'a\u001b[2Jb' });
    expect(answer).toMatchObject({ kind: 'failed', fault: { code: 'PROVIDER_ERROR', status: 400 } });
    if (answer.kind === 'failed') expect(answer.fault.message).toMatch(new RegExp(`${words}.*a\\\\u001b`));
    expect(browser.cookies.size).toBe(0);
  });

  it('takes a function for the name, and tells a hook from a refusal', async () => {
    provider.userInfo = { account: { name: 'Nested' } };
    const named = await plain({ username_claim: (user: { account: { name: string } }) => user.account.name });
    expect(await new RedirectBrowser(named).outcome(provider)).toMatchObject({ model: { name: 'nested' } });
    const broken = await plain({
      username_claim: () => 'x',
      modify_auth_state_hook: () => {
        throw new Error('of the site');
      },
    });
    await expect(new RedirectBrowser(broken).outcome(provider)).rejects.toMatchObject({
      code: 'PROVIDER_MISFIT',
      detail: 'modify_auth_state_hook: of the site',
    });
  });

  it('does not tell people apart whom username_map makes one', async () => {
    const authenticator = await plain({ username_map: { ann: 'shared' } });
    const outcome = await new RedirectBrowser(authenticator).outcome(provider);
    expect(outcome).toMatchObject({ model: { name: 'shared' } });
    if (outcome.kind === 'authenticated') expect(outcome.model.identity).toBeUndefined();
  });
});

describe('a refresh', () => {
  it('asks what is known, and keeps the token', async () => {
    const authenticator = await plain();
    const state = await authState(authenticator);
    provider.userInfo = { ...provider.userInfo, groups: ['new'] };
    const outcome = await authenticator.refreshUser?.(ANN, state);
    expect(outcome).toMatchObject({
      kind: 'updated',
      model: { authState: { oauth_user: { groups: ['new'] }, expires_at: state['expires_at'] } },
    });
    expect(provider.count('/token')).toBe(1);
  });

  it('renews a token that is refused, and keeps a refresh token that is not given anew', async () => {
    const authenticator = await plain();
    const state = await authState(authenticator);
    provider.tokens = { access_token: 'access-2', refresh_token: undefined };
    provider.lies.set('/me', (request, response) =>
      json(response, provider.userInfo, request.headers.authorization === 'Bearer access-2' ? 200 : 401),
    );
    expect(await authenticator.refreshUser?.(ANN, state)).toMatchObject({
      kind: 'updated',
      model: { authState: { access_token: 'access-2', refresh_token: 'refresh-1' } },
    });
  });

  it('renews a token before it expires, and keeps the new one though nobody answers then', async () => {
    const authenticator = await plain();
    const state = { ...(await authState(authenticator)), expires_at: Math.floor(Date.now() / 1000) + 60 };
    provider.tokens = { access_token: 'access-2', refresh_token: 'refresh-2' };
    provider.lies.set('/me', (_request, response) => json(response, {}, 503));
    expect(await authenticator.refreshUser?.(ANN, state)).toMatchObject({
      kind: 'updated',
      model: { name: 'ann', authState: { access_token: 'access-2', refresh_token: 'refresh-2' } },
    });
  });

  it.each([
    ['the provider is down', '/me', 503, 'stale'],
    ['the provider is overrun', '/me', 429, 'stale'],
    ['the token and its renewal are refused', '/me', 401, 'expired'],
  ] as const)('when %s', async (_title, path, status, kind) => {
    const authenticator = await plain();
    const state = await authState(authenticator);
    provider.lies.set(path, (_request, response) => json(response, {}, status));
    provider.lies.set('/token', (_request, response) => json(response, { error: 'invalid_grant' }, 400));
    expect(await authenticator.refreshUser?.(ANN, state)).toMatchObject({ kind });
  });

  it('is a new sign-in without auth_state, and nothing where none is kept', async () => {
    expect(await (await plain()).refreshUser?.(ANN, null)).toEqual({ kind: 'expired' });
    const keeping = await plain({ enable_auth_state: false });
    expect(await keeping.refreshUser?.(ANN, null)).toEqual({ kind: 'valid' });
  });

  it.each([
    [true, { kind: 'valid' }],
    [false, { kind: 'expired' }],
    [
      { name: 'ann', groups: ['g'] },
      { kind: 'updated', model: { name: 'ann', groups: ['g'] } },
    ],
  ])('does what refresh_user_hook says: %j', async (said, outcome) => {
    const authenticator = await plain({ refresh_user_hook: async () => said });
    expect(await authenticator.refreshUser?.(ANN, {})).toEqual(outcome);
  });
});

describe('the configuration of a provider', () => {
  it.each([
    ['client_id', { ...addresses }, /client_id: is missing/],
    ['addresses', { client_id: 'c' }, /authorize_url: is missing[\s\S]*userdata_url: is missing/],
    [
      'what is an address',
      { client_id: 'c', ...addresses, token_url: 'token' },
      /"token" is no http\(s\) address/,
    ],
    ['openid beside issuer', { client_id: 'c', issuer: NOWHERE }, /needs 'openid'/],
    [
      'one source of addresses',
      { client_id: 'c', issuer: NOWHERE, scope: ['openid'], ...addresses },
      /is found from issuer/,
    ],
    [
      'what is built',
      { client_id: 'c', ...addresses, http_request_kwargs: { auth_mode: 'digest' } },
      /auth_mode is not built/,
    ],
  ])('needs %s', async (_title, values, message) => {
    await expect(authenticatorOf(generic, GenericOAuthenticatorClass, values)).rejects.toThrow(message);
  });

  it('comes from the environment as OAuthenticator reads it', () => {
    const env = {
      GITHUB_CLIENT_ID: 'a',
      OAUTH_CLIENT_ID: 'b',
      OAUTH_CLIENT_SECRET: 'c',
      GITHUB_HOST: 'gh.example',
      OAUTH_TLS_VERIFY: '0',
      OAUTH2_TOKEN_URL: 'not for this class',
    };
    expect(configured(GitHubOAuthenticatorClass, {}, env)).toMatchObject({
      client_id: 'a',
      client_secret: 'c',
      token_url: 'https://gh.example/login/oauth/access_token',
      validate_server_cert: false,
    });
    const domains = configured(GoogleOAuthenticatorClass, {}, { HOSTED_DOMAIN: 'A.org;b.org;' });
    expect(domains).toMatchObject({ hosted_domain: ['a.org', 'b.org'], strip_domain: false });
  });
});

describe('cilogon', () => {
  const idp = 'https://idp.test/shibboleth';
  const other = 'https://github.com/login/oauth/authorize';
  const derivation = { username_derivation: { username_claim: 'email' } };
  const make = async (user: JsonObject): Promise<Authenticator> => {
    const { issuer } = provider;
    provider.userInfo = { sub: 's', idp, email: 'Ann@x.org', ...user };
    const authenticator = await authenticatorOf(cilogon, CILogonOAuthenticatorClass, {
      authorize_url: `${issuer}/auth`,
      token_url: `${issuer}/token`,
      userdata_url: `${issuer}/me`,
      client_id: 'the-client',
      skin: 'ours',
      scope: ['email'],
      idps: { [other]: derivation, [idp]: { ...derivation, default: true } },
    });
    made.push(authenticator);
    return authenticator;
  };

  it('sends people to their institutions, the pre-selected one first, with the scopes it needs', async () => {
    const url = new URL(await new RedirectBrowser(await make({})).leave());
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      selected_idp: `${idp},${other}`,
      skin: 'ours',
      scope: 'email openid org.cilogon.userinfo',
    });
  });

  it('believes an institution that calls an address unverified', async () => {
    const authenticator = await make({ email_verified: false });
    await expect(new RedirectBrowser(authenticator).outcome(provider)).rejects.toMatchObject({
      code: 'EMAIL_UNVERIFIED',
    });
  });
});

describe('bitbucket', () => {
  it('follows the pages of workspaces no further than its own host', async () => {
    const { issuer } = provider;
    provider.userInfo = { username: 'Ann', account_id: '7' };
    provider.lies.set('/workspaces', (_request, response) =>
      json(response, { values: [], next: 'https://evil.test/' }),
    );
    const authenticator = await authenticatorOf(bitbucket, BitbucketOAuthenticatorClass, {
      token_url: `${issuer}/token`,
      userdata_url: `${issuer}/me`,
      client_id: 'the-client',
      allowed_teams: ['lab'],
    });
    made.push(authenticator);
    await expect(new RedirectBrowser(authenticator).outcome(provider)).rejects.toMatchObject({
      code: 'PROVIDER_ANSWER',
    });
  });
});
