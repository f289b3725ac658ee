/**
 * A real OpenID Connect provider (oidc-provider from npm), strict: PKCE demanded, redirect addresses compared word for
 * word, refresh tokens used once. What a test wants of it comes over /control: new keys, other claims, delays, outages.
 *
 * Usage: oidc-server.mjs FOLDER_WITH_NODE_MODULES PORT CLIENTS_JSON; says `ready` once it listens.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder = '', portText = '0', clientsText = '[]'] = process.argv.slice(2);
const port = Number(portText);
const issuer = `http://127.0.0.1:${port}`;
const resolved = createRequire(join(folder, 'package.json')).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(resolved).href);

const rows = new Map();
/** What oidc-provider keeps, in memory that outlives a change of keys. */
class MemoryAdapter {
  constructor(model) {
    this.model = model;
  }
  #key(id) {
    return `${this.model}:${id}`;
  }
  async upsert(id, payload, expiresIn) {
    rows.set(this.#key(id), { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
  }
  async find(id) {
    const row = rows.get(this.#key(id));
    return row && row.until > Date.now() ? row.payload : undefined;
  }
  async findByUid(uid) {
    return this.#first((payload) => payload.uid === uid);
  }
  async findByUserCode(code) {
    return this.#first((payload) => payload.userCode === code);
  }
  async consume(id) {
    const row = rows.get(this.#key(id));
    if (row) row.payload = { ...row.payload, consumed: Math.floor(Date.now() / 1000) };
  }
  async destroy(id) {
    rows.delete(this.#key(id));
  }
  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of rows) if (payload.grantId === grantId) rows.delete(key);
  }
  #first(matches) {
    for (const [key, { payload }] of rows)
      if (key.startsWith(`${this.model}:`) && matches(payload)) return payload;
    return undefined;
  }
}

/** Of one account, by its name at sign-in. */
const claims = new Map();
const settings = { delay: 0, down: false, tokenSeconds: 3600 };
const counts = new Map();

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function account(sub) {
  return {
    accountId: sub,
    claims: () => ({ sub, preferred_username: sub, groups: ['everybody'], ...claims.get(sub) }),
  };
}

/** Nobody is asked for consent: the site's own provider does not either. */
async function grantAll({ oidc }) {
  const present = await oidc.provider.Grant.find(oidc.session.grantIdFor(oidc.client.clientId) ?? '-');
  if (present) return present;
  const grant = new oidc.provider.Grant({
    clientId: oidc.client.clientId,
    accountId: oidc.session.accountId,
  });
  grant.addOIDCScope('openid profile email offline_access');
  await grant.save();
  return grant;
}

function makeProvider(key) {
  const provider = new Provider(issuer, {
    adapter: MemoryAdapter,
    clients: JSON.parse(clientsText),
    jwks: { keys: [key] },
    cookies: { keys: ['a key of a test'] },
    claims: {
      openid: ['sub'],
      profile: ['preferred_username', 'groups'],
      email: ['email', 'email_verified'],
    },
    findAccount: (_context, sub) => account(sub),
    loadExistingGrant: grantAll,
    pkce: { required: () => true },
    issueRefreshToken: () => true,
    rotateRefreshToken: () => true,
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    ttl: {
      AccessToken: () => settings.tokenSeconds,
      IdToken: 3600,
      RefreshToken: 86_400,
      Session: 86_400,
      Grant: 86_400,
      Interaction: 3600,
    },
    features: { devInteractions: { enabled: true } },
  });
  return provider.callback();
}

let handle = makeProvider(newKey());

const CONTROL = {
  rotate: () => {
    handle = makeProvider(newKey());
  },
  set: (given) => Object.assign(settings, given),
  claims: ({ sub, ...given }) => claims.set(sub, given),
  /** Nothing that was given out counts any more. */
  revoke: () => {
    for (const key of rows.keys()) if (/^(?:AccessToken|RefreshToken|Grant):/.test(key)) rows.delete(key);
  },
};

const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? '/', issuer).pathname;
  if (path === '/control/counts') return void response.end(JSON.stringify(Object.fromEntries(counts)));
  const control = CONTROL[path.replace('/control/', '')];
  if (control) {
    let text = '';
    for await (const chunk of request) text += chunk;
    control(JSON.parse(text || '{}'));
    return void response.end('{}');
  }
  counts.set(path, (counts.get(path) ?? 0) + 1);
  if (settings.down) return void response.writeHead(503).end('down');
  if (settings.delay > 0 && (path === '/token' || path === '/me'))
    await new Promise((resolve) => setTimeout(resolve, settings.delay));
  return handle(request, response);
});
server.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
