import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../core/fault.js';
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { UserName } from '../../core/model/names.js';
import type { Authenticator, AuthModel } from '../../core/plugin/authenticator.js';
import { authenticatorOf, configured } from '../../test/support/oauth-authenticator.js';
import { json, TestProvider } from '../../test/support/provider.js';
import { RedirectBrowser } from '../../test/support/redirect-browser.js';
import { GoogleOAuthenticatorClass } from './google-traits.js';
import { google } from './index.js';

/** Google's sign-in, its token endpoint for service accounts and its Directory API, in this process. */
const DIRECTORY = '/admin/directory/v1/groups';
const ANN = 'ann' as UserName;
const folder = mkdtempSync(join(tmpdir(), 'anteroom-google-'));
const keyFile = join(folder, 'key.json');
let provider: TestProvider;
let publicKey: KeyObject;
/** From member to pages of groups. */
let members: Record<string, readonly (readonly string[])[]>;
const made: Authenticator[] = [];

beforeAll(() => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  publicKey = pair.publicKey;
  privatePem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
});
let privatePem = '';
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  provider = await TestProvider.start();
  provider.idToken = false;
  provider.userInfo = { id: '9', email: 'Ann@School.org', verified_email: true, hd: 'school.org' };
  members = { 'Ann@School.org': [['teachers@school.org', 'everybody@school.org']] };
  provider.lies.set('/sa-token', (_request, response) =>
    json(response, { access_token: 'sa-token-1', expires_in: 3600, token_type: 'Bearer' }),
  );
  provider.lies.set(DIRECTORY, (request, response) => {
    const { searchParams } = new URL(request.url ?? '', provider.issuer);
    const pages = members[searchParams.get('userKey') ?? ''];
    if (!pages) return json(response, { error: { code: 404 } }, 404);
    const page = Number(searchParams.get('pageToken') ?? 0);
    json(response, {
      groups: pages[page]?.map((email) => ({ email })),
      ...(page + 1 < pages.length && { nextPageToken: String(page + 1) }),
    });
  });
  writeKey({});
});
afterEach(async () => {
  for (const authenticator of made.splice(0)) await authenticator[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

function writeKey(change: JsonObject): void {
  const key = {
    type: 'service_account',
    client_email: 'hub@project.iam.test',
    private_key_id: 'k1',
    private_key: privatePem,
    token_uri: `${provider.issuer}/sa-token`,
  };
  writeFileSync(keyFile, JSON.stringify({ ...key, ...change }));
}

function settings(values: object): Record<string, unknown> {
  const { issuer } = provider;
  return {
    client_id: 'the-client',
    client_secret: 'the-secret',
    google_api_url: issuer,
    authorize_url: `${issuer}/auth`,
    token_url: `${issuer}/token`,
    userdata_url: `${issuer}/me`,
    hosted_domain: ['school.org'],
    gsuite_administrator: { 'school.org': 'boss' },
    google_service_account_keys: { 'school.org': keyFile },
    http_request_kwargs: { request_timeout: 2 },
    ...values,
  };
}

async function make(values: object): Promise<Authenticator> {
  const authenticator = await authenticatorOf(google, GoogleOAuthenticatorClass, settings(values));
  made.push(authenticator);
  return authenticator;
}

async function model(authenticator: Authenticator): Promise<AuthModel> {
  const outcome = await new RedirectBrowser(authenticator).outcome(provider);
  if (outcome.kind !== 'authenticated') throw new Error('not let in');
  return outcome.model;
}

async function groupsOf(authenticator: Authenticator): Promise<unknown> {
  const user = (await model(authenticator)).authState?.['google_user'];
  return isJsonObject(user) ? user['google_groups'] : undefined;
}

const failure = (authenticator: Authenticator): Promise<Fault> =>
  model(authenticator).then(
    () => {
      throw new Error('it went through');
    },
    (fault: Fault) => fault,
  );

describe('Google groups', () => {
  const allowed = { allowed_google_groups: { 'school.org': ['teachers'] } };

  it('let their members in and make administrators, whom leaving takes the right from', async () => {
    const authenticator = await make({ ...allowed, admin_google_groups: { 'school.org': ['everybody'] } });
    const ann = await model(authenticator);
    expect([ann.name, ann.admin, await authenticator.isAllowed?.(ANN, ann)]).toEqual(['ann', true, true]);
    members['Ann@School.org'] = [['others@school.org']];
    const later = await model(authenticator);
    expect([later.admin, await authenticator.isAllowed?.(ANN, later)]).toEqual([false, false]);
  });

  it('are asked for as the administrator, by a token that the key of the domain signs', async () => {
    await groupsOf(await make(allowed));
    const form = provider.asked.find(({ path }) => path === '/sa-token')?.form;
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(form?.get('assertion') ?? '', publicKey);
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: 'k1' });
    expect(payload).toMatchObject({
      iss: 'hub@project.iam.test',
      sub: 'boss@school.org',
      aud: `${provider.issuer}/sa-token`,
      scope: `${provider.issuer}/auth/admin.directory.group.readonly`,
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    const question = provider.asked.find(({ path }) => path === DIRECTORY);
    expect(question?.headers.authorization).toBe('Bearer sa-token-1');
  });

  it('are asked for with one token as long as it is good, by many at once too', async () => {
    const authenticator = await make(allowed);
    await Promise.all([1, 2, 3, 4].map(() => groupsOf(authenticator)));
    await groupsOf(authenticator);
    expect(provider.count('/sa-token')).toBe(1);
  });

  it('are asked for with a new token once the old one is about to end', async () => {
    provider.lies.set('/sa-token', (_request, response) =>
      json(response, { access_token: 'short', expires_in: 30 }),
    );
    const authenticator = await make(allowed);
    await groupsOf(authenticator);
    await groupsOf(authenticator);
    expect(provider.count('/sa-token')).toBe(2);
  });

  it('fill several pages', async () => {
    members['Ann@School.org'] = [['b@school.org'], ['a@school.org'], []];
    expect(await groupsOf(await make(allowed))).toEqual(['a', 'b']);
  });

  it('count within one another only if asked to, circles and all', async () => {
    members['teachers@school.org'] = [['staff@school.org']];
    members['everybody@school.org'] = [[]];
    members['staff@school.org'] = [['teachers@school.org']];
    const direct = ['everybody', 'teachers'];
    expect(await groupsOf(await make(allowed))).toEqual(direct);
    const nested = await make({ ...allowed, include_nested_groups: true });
    expect(await groupsOf(nested)).toEqual(['everybody', 'staff', 'teachers']);
  });

  it('are groups of the hub where auth_state_groups_key says so', async () => {
    const { groups } = await model(
      await make({ ...allowed, manage_groups: true, auth_state_groups_key: 'google_user.google_groups' }),
    );
    expect(groups).toEqual(['everybody', 'teachers']);
  });

  it('are not asked for where no rule needs them', async () => {
    expect(await groupsOf(await make({ allow_all: true }))).toEqual([]);
    expect(provider.count(DIRECTORY)).toBe(0);
  });

  it('are none of somebody whom the domain does not know, or whose domain has no key', async () => {
    const authenticator = await make({ ...allowed, hosted_domain: [] });
    members = {};
    expect(await groupsOf(authenticator)).toEqual([]);
    provider.userInfo = { ...provider.userInfo, email: 'eve@elsewhere.org' };
    expect(await groupsOf(authenticator)).toEqual([]);
    expect(provider.count(DIRECTORY)).toBe(1);
  });

  it('that cannot be read refuse in words: an outage for now, a refused key for the administrator', async () => {
    const authenticator = await make(allowed);
    provider.lies.set('/sa-token', (_request, response) => json(response, { error: 'invalid_grant' }, 400));
    const refused = await failure(authenticator);
    expect([refused.code, refused.status]).toEqual(['PROVIDER_MISFIT', 500]);
    expect(refused.detail).toContain('school.org');
    provider.lies.set('/sa-token', (_request, response) => json(response, {}, 503));
    expect((await failure(authenticator)).code).toBe('PROVIDER_UNREACHABLE');
  });

  it('that the administrator may not read are a fault of the configuration', async () => {
    const authenticator = await make(allowed);
    provider.lies.set(DIRECTORY, (_request, response) => json(response, { error: { code: 403 } }, 403));
    expect([(await failure(authenticator)).code, (await failure(authenticator)).status]).toEqual([
      'PROVIDER_MISFIT',
      500,
    ]);
  });

  it('without end are not followed', async () => {
    provider.lies.set(DIRECTORY, (_request, response) => json(response, { groups: [], nextPageToken: 'on' }));
    expect((await failure(await make(allowed))).code).toBe('PROVIDER_ANSWER');
  });

  it.each([
    [{ gsuite_administrator: {} }, 'gsuite_administrator: school.org is missing'],
    [{ google_service_account_keys: {} }, 'google_service_account_keys: school.org is missing'],
    [
      { allowed_google_groups: { 'School.org': ['a'] } },
      'allowed_google_groups: School.org must be lower case',
    ],
  ])('need %j', (values, message) => {
    expect(() => configured(GoogleOAuthenticatorClass, settings({ ...allowed, ...values }))).toThrow(message);
  });

  it.each([
    ['is not there', () => rmSync(keyFile), 'ENOENT'],
    ['is no JSON', () => writeFileSync(keyFile, 'hello'), 'no key of a service account'],
    ['is of another kind', () => writeKey({ client_email: '' }), 'client_email'],
    ['has no key', () => writeKey({ private_key: 'nothing' }), 'private_key'],
  ])('refuse the start with a key file that %s', async (_what, spoil, message) => {
    spoil();
    await expect(make(allowed)).rejects.toThrow(message);
    await expect(make(allowed)).rejects.toThrow('google_service_account_keys');
  });
});
