import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import { defaults } from '../core/config/declare.js';
import { silentLog } from '../core/log.js';
import { AuthenticatorClass } from '../core/plugin/authenticator-traits.js';
import type { HubSettings } from '../core/plugin/selection.js';
import { JupyterHubClass } from './config.js';
import { openOffline } from './offline.js';
import { openStore } from './store/index.js';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'anteroom-offline-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const url = () => `sqlite:///${join(cwd, 'hub.sqlite')}`;

/** `anteroom token NAME`, where the role `token` has these scopes. */
async function command(name: string, ...tokenScopes: readonly string[]): Promise<string> {
  const hub = { db_url: url(), load_roles: [{ name: 'token', scopes: tokenScopes }] };
  const auth = { admin_users: new Set(['root']), allowed_users: new Set(['ann']) };
  const config = {
    selected: { authenticator: AuthenticatorClass },
    of: (declaration: unknown) =>
      declaration === JupyterHubClass
        ? defaults(JupyterHubClass, hub as object)
        : defaults(AuthenticatorClass, auth),
  } as unknown as HubSettings;
  await using offline = await openOffline({ config, log: silentLog, clock: systemClock, cwd });
  return offline.createToken(name);
}

async function tokens(name: string): Promise<readonly (readonly string[])[]> {
  await using store = await openStore({ url: url(), clock: systemClock, log: silentLog });
  const user = await store.users.byName(name);
  return (await store.tokens.byOwner({ userId: user?.id ?? 0 })).map(({ scopes }) => scopes);
}

describe('the token of the command line', () => {
  it('has the scopes of the role token', async () => {
    await command('root', 'inherit');
    await command('root', 'read:users:name!user');
    await command('root');
    expect(await tokens('root')).toEqual([['inherit'], ['read:users:name!user'], []]);
  });

  it('is not made where that role exceeds the user', async () => {
    await expect(command('ann', 'list:users')).rejects.toMatchObject({
      code: 'TOKEN_REQUEST',
      message: 'Not assigning requested scopes list:users,read:users:name not held by User ann',
    });
    expect(await tokens('ann')).toEqual([]);
  });
});
