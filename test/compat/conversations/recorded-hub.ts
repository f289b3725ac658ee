/**
 * Our hub as the recorder's real hub was configured (`../record/real_hub.py`): the same users, services, roles and
 * spawner options, so that the same conversations can be held with it.
 */
import { join } from 'node:path';
import { systemClock } from '../../../core/clock.js';
import { silentLog } from '../../../core/log.js';
import { timestamp } from '../../../core/model/time.js';
import { GENERATED_ROUNDS, hashToken, tokenPrefix } from '../../../core/wire/tokens.js';
import { registerClient } from '../../../hub/oauth/clients.js';
import { openStore, type Store } from '../../../hub/store/index.js';

const RECORDER_TOKEN = 'recorder-token-of-the-fixtures';

interface SeededService {
  readonly name: string;
  readonly token: string;
  readonly redirectUri?: string;
  readonly allowedScopes?: readonly string[];
  readonly noConfirm?: boolean;
}

const SERVICES: readonly SeededService[] = [
  { name: 'recorder', token: RECORDER_TOKEN },
  {
    name: 'svc',
    token: 'svc-token-of-the-fixtures',
    redirectUri: 'http://127.0.0.1:9/services/svc/oauth_callback',
    allowedScopes: ['read:users!user', 'access:servers!user'],
  },
  {
    name: 'quiet',
    token: 'quiet-token-of-the-fixtures',
    redirectUri: 'http://127.0.0.1:9/services/quiet/oauth_callback',
    noConfirm: true,
  },
];

/** Lines of the configuration that all groups share. */
export function recordedConfig(stub: string, python: string): string {
  return `
    c.DummyAuthenticator.password = 'secret';
    c.Authenticator.admin_users = new Set(['root']);
    c.Spawner.cmd = ${JSON.stringify([python, stub])};
    c.Spawner.pre_spawn_hook = (spawner) => {
      for (const key of ['delay', 'exit', 'environment']) {
        if (key in spawner.user_options) spawner.args = [...spawner.args, '--' + key, String(spawner.user_options[key])];
      }
    };
    c.Spawner.start_timeout = 12;
    // roomier than the recorded 4 s: a busy machine starts the slow stub late
    c.Spawner.http_timeout = 8;
    c.JupyterHub.tornado_settings = { slow_spawn_timeout: 2, slow_stop_timeout: 2 };
    c.JupyterHub.load_roles = [
      {
        name: 'recorder',
        services: ['recorder'],
        scopes: [
          'admin:users', 'admin:servers', 'tokens', 'admin:groups', 'list:services', 'read:services',
          'read:hub', 'proxy', 'access:services', 'access:servers', 'read:roles', 'read:metrics', 'shares',
          'shutdown', 'admin:services',
        ],
      },
      { name: 'user', scopes: ['self', 'access:services'] },
    ];
  `;
}

/** Rows of the services, as a database has them that JupyterHub made; in the folder's default database. */
export async function seedServices(folder: string): Promise<void> {
  await using store = await openStore({
    url: `sqlite:///${join(folder, 'jupyterhub.sqlite')}`,
    log: silentLog,
    clock: systemClock,
  });
  for (const service of SERVICES) await seedService(store, service);
}

async function seedService(store: Store, service: SeededService): Promise<void> {
  const clientId = service.redirectUri === undefined ? null : `service-${service.name}`;
  if (clientId !== null) {
    await registerClient(store, {
      identifier: clientId,
      secret: service.token,
      redirectUri: service.redirectUri ?? '',
      description: `JupyterHub service ${service.name}`,
      allowedScopes: service.allowedScopes ?? [],
    });
  }
  const row = await store.services.upsert({
    name: service.name,
    admin: false,
    url: null,
    oauthClientAllowedScopes: service.allowedScopes ?? [],
    info: null,
    display: null,
    oauthNoConfirm: service.noConfirm ?? false,
    command: [],
    cwd: null,
    environment: {},
    user: null,
    timeout: 30,
    fromConfig: true,
    oauthClientId: clientId,
  });
  await store.tokens.create({
    userId: null,
    serviceId: row.id,
    hashed: hashToken(service.token, GENERATED_ROUNDS),
    prefix: tokenPrefix(service.token),
    clientId: 'jupyterhub',
    sessionId: null,
    created: timestamp(systemClock.now()),
    expiresAt: null,
    note: 'from config',
    scopes: ['inherit'],
  });
}
