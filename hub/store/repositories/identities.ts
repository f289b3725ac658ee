/** Names of users and the identities they belong to; ours alone. */
import type { Access } from '../access.js';
import { hot, query } from '../sql.js';
import type { IdentityRepository } from '../types.js';

const subjectOf = hot((s, issuer: string, nameKey: string) =>
  s.db
    .selectFrom('anteroom_identities as i')
    // Whom real JupyterHub deleted or renamed meanwhile holds no name; SQLite gives their number to somebody else.
    .innerJoin('users', (join) =>
      join.onRef('users.id', '=', 'i.user_id').onRef('users.name', '=', 'i.user_name'),
    )
    .select('i.subject')
    .where('i.issuer', '=', issuer)
    .where('i.name_key', '=', nameKey),
);

export function identityRepository(access: Access): IdentityRepository {
  const { sql: s } = access;
  const { db } = s;
  return {
    subjectOf: async (issuer, nameKey) => (await access.read(subjectOf(s, issuer, nameKey)))[0]?.subject,
    bind: (identity) =>
      access.write(async (session) => {
        const { issuer, nameKey, subject, userId, userName, at } = identity;
        await session.run(
          query(
            db
              .deleteFrom('anteroom_identities')
              .where('issuer', '=', issuer)
              .where('name_key', '=', nameKey)
              .where((e) =>
                e.not(
                  e.exists(
                    e
                      .selectFrom('users')
                      .select('users.id')
                      .whereRef('users.id', '=', 'anteroom_identities.user_id')
                      .whereRef('users.name', '=', 'anteroom_identities.user_name'),
                  ),
                ),
              ),
          ),
        );
        await session.run(
          query(
            db
              .insertInto('anteroom_identities')
              .values({ issuer, name_key: nameKey, subject, user_id: userId, user_name: userName, at })
              .onConflict((conflict) => conflict.columns(['issuer', 'name_key']).doNothing()),
          ),
        );
        const [row] = await session.rows(subjectOf(s, issuer, nameKey));
        return row?.subject ?? subject;
      }),
  };
}
