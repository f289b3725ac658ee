import { expect } from 'vitest';
import type { Timestamp } from '../../../core/model/time.js';
import type { UserRecord } from '../../../hub/store/index.js';
import { addUser, type Check, userName } from './subject.js';

const ISSUER = 'https://idp.example';
const AT = '2026-01-01 00:00:00.000000' as Timestamp;

const bindingOf = (user: UserRecord, subject: string, nameKey: string = user.name) => ({
  issuer: ISSUER,
  nameKey,
  subject,
  userId: user.id,
  userName: user.name,
  at: AT,
});

export function describeIdentities(check: Check): void {
  check('bind a name to who came first', async ({ store }) => {
    const ann = await addUser(store, 'ann');
    expect(await store.identities.subjectOf(ISSUER, 'ann')).toBeUndefined();
    const subjects = await Promise.all(
      ['1', '2', '1'].map((subject) => store.identities.bind(bindingOf(ann, subject))),
    );
    expect(new Set(subjects).size).toBe(1);
    expect(await store.identities.subjectOf(ISSUER, 'ann')).toBe(subjects[0]);
    expect(await store.identities.subjectOf('https://other.example', 'ann')).toBeUndefined();
  });

  check('let go of a name with its user, also where another user got the number', async ({ store }) => {
    const ann = await addUser(store, 'ann');
    await store.identities.bind(bindingOf(ann, '1'));
    await store.users.delete(ann.id);
    expect(await store.identities.subjectOf(ISSUER, 'ann')).toBeUndefined();
    const next = await addUser(store, 'ann');
    expect(await store.identities.subjectOf(ISSUER, 'ann')).toBeUndefined();
    expect(await store.identities.bind(bindingOf(next, '2'))).toBe('2');
  });

  check('let go of a name with a renaming', async ({ store }) => {
    const ann = await addUser(store, 'ann');
    await store.identities.bind(bindingOf(ann, '1'));
    await store.users.update(ann.id, { name: userName('anna') });
    expect(await store.identities.subjectOf(ISSUER, 'ann')).toBeUndefined();
    const other = await addUser(store, 'ann');
    expect(await store.identities.bind(bindingOf(other, '2'))).toBe('2');
  });
}
