import { describe, expect, it } from 'vitest';
import { NamedServers } from './named-servers.js';
import type { SpawnerRecord, Store, UserRecord } from './store/types.js';

const ANN = { id: 1, name: 'ann' } as UserRecord;

/** @param names of the servers that Ann has */
function servers(...names: readonly string[]): NamedServers {
  const rows = names.map((name) => ({ name })) as SpawnerRecord[];
  const spawners = { byUser: async () => rows } as unknown as Store['spawners'];
  return new NamedServers(
    { spawners },
    { allowNamedServers: true, limitPerUser: 0, invalidNamesMayStart: false },
  );
}

describe('a named server is refused in the words of JupyterHub 6.1.1', () => {
  it.each([
    [
      'an old name that may not start',
      '<!\n>',
      undefined,
      "Starting invalid server_name '<!\\n>' is disabled, contact your administrator",
    ],
    ['a new name', '<!>', undefined, "Invalid server_name: '<!>'"],
    ['a display name, as it would be kept', 'lab', 'e\u0301\n', "Invalid display_name: '\u00e9\\n'"],
  ])('%s', async (_what, name, shown, message) => {
    const check = servers('<!\n>').check(ANN, name, shown, { requester: undefined });
    await expect(check).rejects.toMatchObject({ status: 400, message });
  });
});
