import { type ServerName, serverPath } from '../../core/model/names.js';
import { serverClientId } from '../../core/wire/tokens.js';
import { registerClient } from '../../hub/oauth/index.js';
import type { Browser, TestHub } from './hub.js';

export const CALLBACK = 'http://127.0.0.1:9/services/svc/oauth_callback';
export const SECRET = 'svc-token-of-the-fixtures';

/** A service with its client, which everybody with the role `user` may use. */
export async function registerService(
  hub: TestHub,
  name: string,
  allowedScopes: readonly string[],
  { oauthNoConfirm = false }: { readonly oauthNoConfirm?: boolean } = {},
): Promise<void> {
  await registerClient(hub.store, {
    identifier: `service-${name}`,
    secret: `${name}-token-of-the-fixtures`,
    redirectUri: `http://127.0.0.1:9/services/${name}/oauth_callback`,
    description: `JupyterHub service ${name}`,
    allowedScopes,
  });
  await hub.store.services.upsert({
    name,
    admin: false,
    url: null,
    oauthClientAllowedScopes: allowedScopes,
    info: null,
    display: true,
    oauthNoConfirm,
    command: [],
    cwd: null,
    environment: null,
    user: null,
    timeout: 5,
    fromConfig: true,
    oauthClientId: `service-${name}`,
  });
  const role = await hub.store.roles.byName('user');
  if (!role) throw new Error('no role user');
  await hub.store.roles.upsert({
    ...role,
    scopes: [...role.scopes, `access:services!service=${name}`],
  });
}

export function authorizeUrl(changes: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: 'service-svc',
    redirect_uri: CALLBACK,
    response_type: 'code',
    state: 'st',
    ...changes,
  });
  return `/hub/api/oauth2/authorize?${query}`;
}

/** Agrees to one scope, and gives the code. */
export async function codeFor(
  browser: Browser,
  changes: Readonly<Record<string, string>> = {},
): Promise<string> {
  const response = await browser.post(authorizeUrl(changes), { scopes: 'read:users!user' });
  const code = new URL(String(response.headers.location), 'http://hub/').searchParams.get('code');
  if (code === null) throw new Error(`no code: ${response.statusCode} ${response.headers.location}`);
  return code;
}

/** A body of the token endpoint. */
export function tokenForm(changes: Readonly<Record<string, string>>): string {
  return new URLSearchParams({
    client_id: 'service-svc',
    client_secret: SECRET,
    grant_type: 'authorization_code',
    redirect_uri: CALLBACK,
    ...changes,
  }).toString();
}

/** A server of a user that runs, with its client and its own token. */
export async function runServer(hub: TestHub, userName: string, serverName = '') {
  const user = await hub.user(userName);
  const clientId = serverClientId(userName, serverName);
  const prefix = serverPath('/', userName, serverName);
  const token = await hub.token(user, { note: `Server at ${prefix}`, scopes: ['users:activity!user'] });
  await registerClient(hub.store, {
    identifier: clientId,
    secret: token,
    redirectUri: `${prefix}oauth_callback`,
    description: `Server at ${prefix}`,
    allowedScopes: [`access:servers!server=${userName}/${serverName}`],
  });
  const spawner =
    (await hub.store.spawners.find(user.id, serverName)) ??
    (await hub.store.spawners.create({ userId: user.id, name: serverName as ServerName }));
  await hub.store.spawners.update(spawner.id, { oauthClientId: clientId });
  return { user, clientId, prefix, token };
}
