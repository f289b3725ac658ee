/** What the parts of the store's suite share: a fresh store for each test, and rows to begin with. */
import { it } from 'vitest';
import type { ServerName, UserName } from '../../../core/model/names.js';
import type { Timestamp } from '../../../core/model/time.js';
import type { SpawnerRecord, Store, TokenRecord, UserRecord } from '../../../hub/store/index.js';
import type { StoreSuite } from '../store.js';

interface Subject {
  readonly store: Store;
  /** Closes the store and opens its database again; `undefined` where that cannot be. */
  readonly reopen: (() => Promise<Store>) | undefined;
}

/** Declares one test of the contract; `needs` names a capability without which it is skipped. */
export type Check = (
  title: string,
  test: (subject: Subject) => Promise<void>,
  needs?: keyof StoreSuite['capabilities'],
) => void;

export function checksOn({ make, capabilities, skip = {} }: StoreSuite): Check {
  return (title, test, needs) => {
    const reason = needs !== undefined && capabilities[needs] === undefined ? `needs ${needs}` : skip[title];
    if (reason !== undefined) {
      console.info(`skipped: ${title}: ${reason}`);
      it.skip(title);
      return;
    }
    it(title, async () => {
      const open = [await make()];
      const { reopen } = capabilities;
      try {
        const [store] = open;
        if (store === undefined) throw new Error('no store');
        const again = async (): Promise<Store> => {
          await store[Symbol.asyncDispose]();
          const next = await reopen?.(store);
          if (next === undefined) throw new Error('cannot open again');
          open.push(next);
          return next;
        };
        await test({ store, reopen: reopen && again });
      } finally {
        for (const store of open) await store[Symbol.asyncDispose]();
      }
    });
  };
}

export const userName = (name: string): UserName => name as UserName;
export const serverName = (name: string): ServerName => name as ServerName;

/** `2026-01-01 00:00:SS.000001`: the last digit shows whether microseconds survive. */
export function at(seconds: number): Timestamp {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `2026-01-01 00:${two(Math.floor(seconds / 60))}:${two(seconds % 60)}.000001` as Timestamp;
}

export async function addUser(store: Store, name: string): Promise<UserRecord> {
  return store.users.create({ name: userName(name) });
}

export async function defaultSpawner(store: Store, user: UserRecord): Promise<SpawnerRecord> {
  const spawner = await store.spawners.find(user.id, '');
  if (spawner === undefined) throw new Error(`no default spawner of ${user.name}`);
  return spawner;
}

export async function addClient(store: Store, identifier: string): Promise<void> {
  await store.oauth.upsertClient({
    identifier,
    description: `client ${identifier}`,
    secret: 'sha512:16384:salt:digest',
    redirectUri: `/${identifier}/oauth_callback`,
    allowedScopes: [],
  });
}

let made = 0;

/** A token row as the hub writes one; `hashed` is unique. */
export function token(
  owner: { readonly userId: number } | { readonly serviceId: number },
  change: Partial<TokenRecord> = {},
): Omit<TokenRecord, 'id' | 'lastActivity'> {
  made += 1;
  return {
    userId: 'userId' in owner ? owner.userId : null,
    serviceId: 'serviceId' in owner ? owner.serviceId : null,
    hashed: `sha512:1:salt:${made}`,
    prefix: 'abcd',
    clientId: 'jupyterhub',
    sessionId: null,
    created: at(0),
    expiresAt: null,
    note: 'a token',
    scopes: ['self'],
    ...change,
  };
}

export const SERVER = { proto: 'http', ip: '127.0.0.1', port: 50_123, baseUrl: '/user/alice/' } as const;
