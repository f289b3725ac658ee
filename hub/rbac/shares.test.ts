import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../core/clock.js';
import { systemClock } from '../../core/clock.js';
import { byCookie, holderUser, World } from '../../test/support/rbac-world.js';
import type { UserRecord } from '../store/types.js';
import type { Access } from './access.js';
import {
  acceptShareCode,
  createShareCode,
  findShareCode,
  revokeShareCodes,
  viewShareCode,
} from './share-codes.js';
import { grantShare, revokeAllShares, revokeShare, shareWith } from './shares.js';

let world: World;
let ann: UserRecord;
let bob: UserRecord;
let asAnn: Access;
let offset = 0;
const clock: Clock = { ...systemClock, now: () => Date.now() + offset };
const GPU = { owner: 'ann', server: 'gpu' };

beforeEach(async () => {
  offset = 0;
  world = await World.open();
  ann = await world.user('ann');
  bob = await world.user('bob');
  await world.server(ann, 'gpu');
  await world.group('class', bob);
  await world.role('sharing', ['shares!user', 'read:users:name', 'read:groups:name'], holderUser(ann));
  asAnn = await world.access(byCookie(ann));
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const toBob = (scopes?: readonly string[]): Parameters<typeof grantShare>[3] => ({
  grantee: { kind: 'user', name: 'bob' },
  ...(scopes ? { scopes } : {}),
});
const bobs = async (): Promise<readonly string[]> =>
  (await world.scopes(byCookie(bob))).filter((scope) => scope.includes('ann/'));

describe('granting', () => {
  it('gives access to the one server, and merges what comes later into one share', async () => {
    const first = await grantShare(world.store, asAnn, GPU, toBob(), clock);
    expect(first.scopes).toEqual(['access:servers!server=ann/gpu']);
    expect(await bobs()).toEqual(['access:servers!server=ann/gpu']);
    const second = await grantShare(world.store, asAnn, GPU, toBob(['servers', 'read:servers']), clock);
    expect(second.id).toBe(first.id);
    expect(second.createdAt).toBe(first.createdAt);
    expect(second.scopes).toEqual([
      'access:servers!server=ann/gpu',
      'read:servers!server=ann/gpu',
      'servers!server=ann/gpu',
    ]);
    expect((await world.store.shares.toUser(bob.id)).length).toBe(1);
    expect(await bobs()).toContain('start:servers!server=ann/gpu');
  });

  it('to a group reaches its members', async () => {
    const share = await grantShare(
      world.store,
      asAnn,
      GPU,
      { grantee: { kind: 'group', name: 'class' } },
      clock,
    );
    expect(share).toMatchObject({ userId: null, expiresAt: null });
    expect(await bobs()).toEqual(['access:servers!server=ann/gpu']);
    expect(await shareWith(world.store, { kind: 'group', name: 'class' }, GPU)).toMatchObject({
      id: share.id,
    });
    await expect(shareWith(world.store, { kind: 'user', name: 'bob' }, GPU)).rejects.toMatchObject({
      status: 404,
    });
  });

  it('nobody gives more than they hold, not even the owner', async () => {
    const shares = world.store.shares;
    await expect(grantShare(world.store, asAnn, GPU, toBob(['admin:servers']), clock)).rejects.toMatchObject({
      status: 403,
      message: 'Do not have permission to grant share with scope admin:servers!server=ann/gpu',
    });
    await expect(
      grantShare(world.store, asAnn, GPU, toBob(['access:servers!user=ann']), clock),
    ).rejects.toMatchObject({
      status: 400,
    });
    expect(await shares.toUser(bob.id)).toEqual([]);
  });

  it('a group share does not let its members share on', async () => {
    await grantShare(world.store, asAnn, GPU, toBob(), clock);
    const asBob = await world.access(byCookie(bob));
    expect((await asBob.decide(['shares'], { kind: 'server', name: 'ann/gpu' })).allowed).toBe(false);
  });

  it('needs the grantee’s name to be readable, before it tells who exists', async () => {
    const plain = await world.user('plain');
    await world.server(plain, '');
    await world.role('own-sharing', ['shares!user'], holderUser(plain));
    const access = await world.access(byCookie(plain));
    for (const name of ['bob', 'ghost']) {
      const request = { grantee: { kind: 'user', name } } as const;
      await expect(
        grantShare(world.store, access, { owner: 'plain', server: '' }, request, clock),
      ).rejects.toMatchObject({
        status: 403,
        message: "Need scope 'read:users:name' to share with users by name",
      });
    }
    const ghost = { grantee: { kind: 'group', name: 'ghost' } } as const;
    await expect(grantShare(world.store, asAnn, GPU, ghost, clock)).rejects.toMatchObject({
      status: 400,
      message: 'No such group: ghost',
    });
    await expect(
      grantShare(world.store, asAnn, { owner: 'ann', server: 'no' }, toBob(), clock),
    ).rejects.toMatchObject({
      status: 404,
      message: 'No such server: ann/no',
    });
  });
});

describe('revoking', () => {
  beforeEach(async () => {
    await grantShare(world.store, asAnn, GPU, toBob(['access:servers', 'read:servers']), clock);
  });

  it('takes named scopes, and the share with the last of them', async () => {
    const left = await revokeShare(world.store, GPU, toBob(['read:servers!server=ann/gpu']));
    expect(left?.scopes).toEqual(['access:servers!server=ann/gpu']);
    expect(await bobs()).toEqual(['access:servers!server=ann/gpu']);
    expect((await revokeShare(world.store, GPU, toBob(['unheld'])))?.scopes).toEqual([
      'access:servers!server=ann/gpu',
    ]);
    expect(await revokeShare(world.store, GPU, toBob(['access:servers!server=ann/gpu']))).toBeUndefined();
    expect(await world.store.shares.toUser(bob.id)).toEqual([]);
  });

  it('without scopes takes all; who has nothing or does not exist is no error', async () => {
    expect(await revokeShare(world.store, GPU, toBob())).toBeUndefined();
    expect(await bobs()).toEqual([]);
    expect(await revokeShare(world.store, GPU, toBob())).toBeUndefined();
    expect(await revokeShare(world.store, GPU, { grantee: { kind: 'user', name: 'ghost' } })).toBeUndefined();
  });

  it('all shares of a server go at once', async () => {
    await grantShare(world.store, asAnn, GPU, { grantee: { kind: 'group', name: 'class' } }, clock);
    await revokeAllShares(world.store, GPU);
    expect(await bobs()).toEqual([]);
  });

  it('still finds a scope by its present name after the server was renamed', async () => {
    const spawner = await world.server(ann, 'gpu');
    await world.store.spawners.update(spawner.id, { name: 'tpu' as typeof spawner.name });
    const renamed = { owner: 'ann', server: 'tpu' };
    const left = await revokeShare(world.store, renamed, toBob(['read:servers!server=ann/tpu']));
    expect(left?.scopes).toEqual(['access:servers!server=ann/tpu']);
  });
});

describe('codes', () => {
  it('give whoever brings them the share, as often as wanted, until they expire', async () => {
    const { record, code } = await createShareCode(world.store, asAnn, GPU, { expiresIn: 60 }, clock);
    expect(record.hashed).not.toContain(code);
    expect((await viewShareCode(world.store, bob, code, clock)).scopes).toEqual([
      'access:servers!server=ann/gpu',
    ]);
    for (const _ of [1, 2]) await acceptShareCode(world.store, bob, code, clock);
    expect(await bobs()).toEqual(['access:servers!server=ann/gpu']);
    expect(await world.store.shares.toUser(bob.id)).toHaveLength(1);
    const found = await findShareCode(world.store, code, clock);
    expect(found?.code).toMatchObject({ exchangeCount: 2 });
    expect(found?.code.lastExchangedAt).not.toBeNull();
    offset = 61_000;
    await expect(acceptShareCode(world.store, bob, code, clock)).rejects.toMatchObject({ status: 400 });
    await expect(viewShareCode(world.store, bob, code, clock)).rejects.toMatchObject({ status: 404 });
    expect(await bobs()).toEqual(['access:servers!server=ann/gpu']);
  });

  it('are not for the owner, and not guessed by a part', async () => {
    const { code } = await createShareCode(world.store, asAnn, GPU, { expiresIn: 60 }, clock);
    await expect(viewShareCode(world.store, ann, code, clock)).rejects.toMatchObject({ status: 403 });
    await expect(acceptShareCode(world.store, ann, code, clock)).rejects.toMatchObject({ status: 400 });
    const wrong = [`${code.slice(0, 8)}x`, code.slice(0, 4), '', `${code}x`];
    for (const text of wrong) {
      const refused = await acceptShareCode(world.store, bob, text, clock).catch((error: unknown) =>
        String(error),
      );
      expect(refused).toContain('Invalid share code');
      if (text !== '') expect(refused).not.toContain(text);
    }
  });

  it('cannot carry what their maker does not hold', async () => {
    await expect(
      createShareCode(world.store, asAnn, GPU, { expiresIn: 60, scopes: ['admin:servers'] }, clock),
    ).rejects.toMatchObject({ status: 403 });
  });

  it('are revoked by text, by id, or all', async () => {
    await world.server(ann, 'other');
    const made = [];
    for (let n = 0; n < 4; n++)
      made.push(await createShareCode(world.store, asAnn, GPU, { expiresIn: 60 }, clock));
    const elsewhere = await createShareCode(
      world.store,
      asAnn,
      { owner: 'ann', server: 'other' },
      { expiresIn: 60 },
      clock,
    );
    const alive = async (): Promise<number> => (await world.store.shares.codes({ ownerId: ann.id })).total;
    await revokeShareCodes(world.store, GPU, { code: made[0]?.code }, clock);
    await revokeShareCodes(world.store, GPU, { id: `sc_${made[1]?.record.id}` }, clock);
    expect(await alive()).toBe(3);
    for (const selection of [
      { code: elsewhere.code },
      { code: 'nope' },
      { id: `sc_${elsewhere.record.id}` },
      { id: 'sc_x' },
      { id: `${made[2]?.record.id}` },
    ]) {
      await expect(revokeShareCodes(world.store, GPU, selection, clock)).rejects.toMatchObject({
        status: 404,
      });
    }
    await revokeShareCodes(world.store, GPU, {}, clock);
    expect(await alive()).toBe(1);
    await revokeShareCodes(world.store, GPU, {}, clock);
  });
});
