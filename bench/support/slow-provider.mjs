/**
 * A provider of OpenID Connect that thinks for a while before each token and each answer about a user, in a process of its
 * own. It asks nobody for a password: the account stands in `x-account`. Signs with RSA, as most do.
 *
 *   node slow-provider.mjs PORT DELAY_MS
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const [port, delayMs] = process.argv.slice(2).map(Number);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function idToken({ client, nonce, sub }) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: client, sub, iat: now, exp: now + 3600, nonce, preferred_username: sub };
  const text = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

const ANSWERS = {
  '/.well-known/openid-configuration': () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/me`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
  }),
  '/keys': () => ({ keys: [jwk] }),
  '/token': (form) => {
    // Nothing is kept: the code itself says whose it is.
    const known = JSON.parse(Buffer.from(form.get('code'), 'base64url').toString('utf8'));
    const token = {
      access_token: known.sub,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: `r-${known.sub}`,
    };
    return { ...token, scope: 'openid profile', id_token: idToken(known) };
  },
  '/me': (_form, request) => {
    const sub = request.headers.authorization.replace(/^Bearer /i, '');
    return { sub, preferred_username: sub, groups: ['everybody', sub.endsWith('7') ? 'lucky' : 'others'] };
  },
};

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (pathname === '/auth') {
    const sub = request.headers['x-account'];
    const code = part({ client: searchParams.get('client_id'), nonce: searchParams.get('nonce'), sub });
    const back = new URL(searchParams.get('redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', searchParams.get('state'));
    return response.writeHead(302, { location: back.href }).end();
  }
  let text = '';
  for await (const chunk of request) text += chunk;
  const answer = ANSWERS[pathname];
  if (!answer) return response.writeHead(404).end();
  if (pathname === '/token' || pathname === '/me') await delay(delayMs);
  return response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify(answer(new URLSearchParams(text), request)));
}).listen(port, '127.0.0.1');
