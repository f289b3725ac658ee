/** OAuth clients and authorization codes. */
import type { Access } from '../access.js';
import { listColumn, readList } from '../codec.js';
import { hot, query } from '../sql.js';
import type { OAuthClientRecord, OAuthCodeRecord, OAuthRepository } from '../types.js';

const CLIENT_COLUMNS = [
  'id',
  'identifier',
  'description',
  'secret',
  'redirect_uri',
  'allowed_scopes',
] as const;
const CODE_COLUMNS = [
  'id',
  'client_id',
  'code',
  'expires_at',
  'redirect_uri',
  'session_id',
  'user_id',
  'scopes',
  'code_challenge',
  'code_challenge_method',
] as const;

const clientBy = hot((s, identifier: string) =>
  s.db.selectFrom('oauth_clients').select(CLIENT_COLUMNS).where('identifier', '=', identifier),
);
const codeBy = hot((s, code: string) =>
  s.db.selectFrom('oauth_codes').select(CODE_COLUMNS).where('code', '=', code),
);

function clientRecord(row: {
  id: number;
  identifier: string;
  description: string | null;
  secret: string | null;
  redirect_uri: string | null;
  allowed_scopes: string | null;
}): OAuthClientRecord {
  return {
    id: row.id,
    identifier: row.identifier,
    description: row.description ?? '',
    secret: row.secret ?? '',
    redirectUri: row.redirect_uri ?? '',
    allowedScopes: readList(row.allowed_scopes),
  };
}

function codeRecord(row: {
  id: number;
  client_id: string;
  code: string;
  expires_at: number | null;
  redirect_uri: string | null;
  session_id: string | null;
  user_id: number;
  scopes: string | null;
  code_challenge: string | null;
  code_challenge_method: string | null;
}): OAuthCodeRecord {
  return {
    id: row.id,
    clientId: row.client_id,
    code: row.code,
    expiresAt: row.expires_at,
    redirectUri: row.redirect_uri ?? '',
    sessionId: row.session_id,
    userId: row.user_id,
    scopes: readList(row.scopes),
    codeChallenge: row.code_challenge,
    codeChallengeMethod: row.code_challenge_method,
  };
}

export function oauthRepository(access: Access): OAuthRepository {
  const { sql: s } = access;
  return {
    client: async (identifier) => {
      const [row] = await access.read(clientBy(s, identifier));
      return row && clientRecord(row);
    },
    clients: async () =>
      (await access.read(query(s.db.selectFrom('oauth_clients').select(CLIENT_COLUMNS).orderBy('id')))).map(
        clientRecord,
      ),
    upsertClient: (client) =>
      access.write(async (session) => {
        const values = {
          description: client.description,
          secret: client.secret,
          redirect_uri: client.redirectUri,
          allowed_scopes: listColumn(client.allowedScopes),
        };
        const upsert = s.db
          .insertInto('oauth_clients')
          .values({ identifier: client.identifier, ...values })
          .onConflict((conflict) => conflict.column('identifier').doUpdateSet(values));
        await session.run(query(upsert));
        session.rightsChanged();
      }),
    deleteClient: (identifier) =>
      access.write(async (session) => {
        const gone = await session.run(
          query(s.db.deleteFrom('oauth_clients').where('identifier', '=', identifier)),
        );
        if (gone > 0) session.rightsChanged();
      }),
    createCode: (code) =>
      access.write(async (session) => {
        const values = {
          client_id: code.clientId,
          code: code.code,
          expires_at: code.expiresAt,
          redirect_uri: code.redirectUri,
          session_id: code.sessionId,
          user_id: code.userId,
          scopes: listColumn(code.scopes),
          code_challenge: code.codeChallenge,
          code_challenge_method: code.codeChallengeMethod,
        };
        await session.run(query(s.db.insertInto('oauth_codes').values(values)));
      }),
    code: async (code) => {
      const [row] = await access.read(codeBy(s, code));
      return row && codeRecord(row);
    },
    deleteCode: (id) =>
      access.write(
        async (session) =>
          (await session.run(query(s.db.deleteFrom('oauth_codes').where('id', '=', id)))) > 0,
      ),
    deleteCodesBySession: (userId, sessionId) =>
      access.write((session) =>
        session.run(
          query(
            s.db.deleteFrom('oauth_codes').where('user_id', '=', userId).where('session_id', '=', sessionId),
          ),
        ),
      ),
    purgeExpiredCodes: (nowSeconds) =>
      access.write((session) =>
        session.run(query(s.db.deleteFrom('oauth_codes').where('expires_at', '<', Math.floor(nowSeconds)))),
      ),
  };
}
