/** `/users/:name/tokens`: a user's API and OAuth tokens (JupyterHub 6.1.1 apihandlers/users.py). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JsonObject } from '../../../core/model/json.js';
import { isJsonObject } from '../../../core/model/json.js';
import { timestamp } from '../../../core/model/time.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy } from '../../http/python-text.js';
import { PUBLIC, scopes } from '../../http/route-config.js';
import type { Principal } from '../../principal.js';
import {
  Access,
  defaultNote,
  demandTokenCreation,
  HUB_CLIENT,
  ownerOf,
  readTokenRequest,
  tokenScopes,
} from '../../rbac/index.js';
import type { TokenRecord, UserRecord } from '../../store/types.js';
import type { ApiContext } from '../context.js';
import { tokenModel } from '../models.js';
import { CREATE_TOKEN, DELETE_TOKEN, LIST_TOKENS, READ_TOKEN } from './endpoints.js';

export interface TokenApiOptions {
  /** `token_expires_in_max_seconds`; 0: no limit. */
  readonly maxSeconds: number;
  /** A fresh token and the columns that keep it. */
  newToken(): { readonly token: string; readonly hashed: string; readonly prefix: string };
  /** Who the body's `auth` field authenticates, for callers without credentials; undefined: nobody. */
  authenticate(
    auth: JsonObject,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<UserRecord | undefined>;
  /** Cookie callers are checked like any API write. @throws Fault 403 */
  checkXsrf(request: FastifyRequest): Promise<void>;
  /** Servers must stop trusting these tokens. */
  revoked(tokens: readonly TokenRecord[]): Promise<void>;
}

type Params = { user_name: string };
type TokenParams = Params & { token_id?: string };

export function registerTokens(app: FastifyInstance, context: ApiContext, options: TokenApiOptions): void {
  const { store, prefix } = context;
  const url = `${prefix}users/:user_name/tokens`;

  app.get<{ Params: Params }>(
    url,
    { config: { access: scopes('read:tokens'), endpoint: LIST_TOKENS } },
    async (request) => {
      const user = await userNamed(context, request.params.user_name);
      const now = timestamp(context.clock.now());
      const all = await store.tokens.byOwner({ userId: user.id });
      const expired = all.filter((token) => token.expiresAt !== null && token.expiresAt < now);
      if (expired.length > 0) await store.tokens.delete(expired.map((token) => token.id));
      const live = all.filter((token) => !expired.includes(token)).sort(byUse);
      return { api_tokens: await Promise.all(live.map((token) => model(context, user, token))) };
    },
  );

  // The body's `auth` may stand for credentials, so XSRF is checked once it is known who asks.
  app.post<{ Params: Params }>(
    url,
    { config: { access: PUBLIC, xsrf: 'exempt', endpoint: CREATE_TOKEN } },
    async (request, reply) => {
      const made = await create(context, options, request, reply);
      return reply.code(201).send(made);
    },
  );

  // Without an id it is a token that is not there, for those who may know.
  for (const one of [`${url}/:token_id`, `${url}/`]) {
    app.get<{ Params: TokenParams }>(
      one,
      { config: { access: scopes('read:tokens'), endpoint: READ_TOKEN } },
      async (request) => {
        const { user, token } = await tokenNamed(context, request.params);
        return model(context, user, token);
      },
    );

    app.delete<{ Params: TokenParams }>(
      one,
      { config: { access: scopes('tokens'), endpoint: DELETE_TOKEN } },
      async (request, reply) => {
        const { user, token } = await tokenNamed(context, request.params);
        // One OAuth token stands for the application: all of that client's go.
        const tokens =
          token.clientId === null || token.clientId === HUB_CLIENT
            ? [token]
            : await store.tokens.byUserAndClient(user.id, token.clientId);
        await options.revoked(tokens);
        await store.tokens.delete(tokens.map((each) => each.id));
        return reply.code(204).send();
      },
    );
  }
}

async function create(
  context: ApiContext,
  options: TokenApiOptions,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
): Promise<JsonObject> {
  const { store, rights, clock } = context;
  const given = jsonBody(request.body);
  const body = isTruthy(given) ? given : {};
  if (!isJsonObject(body)) throw httpError(400, 'Body must be a JSON dict or empty');
  const { principal, access } = await requester(context, options, request, reply, body);
  const user = await store.users.byName(request.params.user_name);
  await demandTokenCreation(access, request.params.user_name, user !== undefined);
  if (!user) throw httpError(403);
  const wanted = readTokenRequest(body, options.maxSeconds);
  const granted = await tokenScopes(store, rights, { kind: 'user', user }, wanted);
  const fresh = options.newToken();
  const now = clock.now();
  const record = await store.tokens.create({
    userId: user.id,
    serviceId: null,
    hashed: fresh.hashed,
    prefix: fresh.prefix,
    clientId: HUB_CLIENT,
    sessionId: null,
    created: timestamp(now),
    expiresAt: wanted.expiresIn === null ? null : timestamp(now + wanted.expiresIn * 1000),
    note: wanted.note ?? defaultNote(principal, user.name),
    scopes: granted,
  });
  context.log.info('API token made', { user: user.name, by: nameOf(principal), id: record.id });
  return { ...(await model(context, user, record)), token: fresh.token };
}

async function requester(
  context: ApiContext,
  options: TokenApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  body: JsonObject,
): Promise<{ readonly principal: Principal; readonly access: Access }> {
  const { principal, access } = request;
  if (principal.kind !== 'anonymous') {
    await options.checkXsrf(request);
    return { principal, access };
  }
  const auth = body['auth'];
  const user = isJsonObject(auth) ? await options.authenticate(auth, request, reply) : undefined;
  if (!user) throw httpError(403);
  const identified: Principal = { kind: 'user', user, via: { kind: 'cookie', sessionId: '' } };
  return { principal: identified, access: await Access.of(identified, context.rights) };
}

async function userNamed(context: ApiContext, name: string): Promise<UserRecord> {
  const user = await context.store.users.byName(name);
  if (!user) throw httpError(404, `No such user: ${name}`);
  return user;
}

async function tokenNamed(
  context: ApiContext,
  { user_name, token_id: id = '' }: TokenParams,
): Promise<{ readonly user: UserRecord; readonly token: TokenRecord }> {
  const user = await userNamed(context, user_name);
  const match = /^a(\d{1,15})$/.exec(id);
  const token = match ? await context.store.tokens.byId(Number(match[1])) : undefined;
  if (!token || token.userId !== user.id) throw httpError(404, `No such token ${id} for user ${user.name}`);
  return { user, token };
}

async function model(context: ApiContext, user: UserRecord, token: TokenRecord): Promise<JsonObject> {
  const { store, rights } = context;
  const client = token.clientId === null ? undefined : await store.oauth.client(token.clientId);
  const used = { ...token, lastActivity: context.activity.ofToken(token) };
  return tokenModel(used, {
    owner: { kind: 'user', name: user.name },
    scopes: (await rights.ofToken(token, { kind: 'user', user })).toList(),
    oauthClient: client ? client.description || client.identifier : '',
  });
}

function byUse(a: TokenRecord, b: TokenRecord): number {
  const [left, right] = [a.lastActivity ?? a.created, b.lastActivity ?? b.created];
  return left < right ? -1 : left > right ? 1 : 0;
}

function nameOf(principal: Principal): string {
  const owner = ownerOf(principal);
  if (!owner) return 'nobody';
  return owner.kind === 'user' ? owner.user.name : owner.service.name;
}
