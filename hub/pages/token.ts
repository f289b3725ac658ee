/** `/hub/token`: one's tokens, and the applications that hold some (JupyterHub 6.1.1 TokenPageHandler). */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../core/clock.js';
import { escapeName } from '../../core/model/names.js';
import { isoTimestamp, type Timestamp, timestamp } from '../../core/model/time.js';
import { describeScopes, type ScopeRegistry } from '../../core/scopes/index.js';
import { SIGNED_IN } from '../http/route-config.js';
import type { TokenRecord } from '../store/types.js';
import { type PageContext, page, signedInUser, templateUser } from './context.js';
import { grantableScopes } from './grantable.js';

const HUB_CLIENT = 'jupyterhub';
const DAY_S = 86_400;
const CHOICES: ReadonlyArray<readonly [seconds: number, label: string]> = [
  [3600, '1 Hour'],
  [DAY_S, '1 Day'],
  [7 * DAY_S, '1 Week'],
  [30 * DAY_S, '1 Month'],
  [365 * DAY_S, '1 Year'],
];

export interface TokenPageOptions {
  readonly clock: Clock;
  /** `token_expires_in_max_seconds`; 0: no limit. */
  readonly maxSeconds: number;
  readonly registry: ScopeRegistry;
}

export function registerTokenPage(
  app: FastifyInstance,
  context: PageContext,
  options: TokenPageOptions,
): void {
  const { store, urls } = context;
  app.get(`${urls.hubPrefix}token`, { config: { access: SIGNED_IN } }, async (request, reply) => {
    const user = signedInUser(request);
    const now = timestamp(options.clock.now());
    const all = await store.tokens.byOwner({ userId: user.id });
    const stale = all.filter((token) => token.clientId === null || (token.expiresAt ?? now) < now);
    if (stale.length > 0) await store.tokens.delete(stale.map((token) => token.id));
    const live = all
      .filter((token) => !stale.includes(token))
      .sort(byUse)
      .reverse();
    const inWords = (scopes: readonly string[]) => scopesInWords(options.registry, scopes, user.name);
    const describe = (token: TokenRecord) => tokenRow(token, inWords);
    return page(context, request, reply, 'token.html', {
      user: templateUser(user, context.servers),
      tokens_api: `${urls.hubPrefix}api/users/${escapeName(user.name)}/tokens`,
      api_tokens: live.filter((token) => token.clientId === HUB_CLIENT).map(describe),
      oauth_clients: await clientRows(
        context,
        live.filter((token) => token.clientId !== HUB_CLIENT),
        inWords,
      ),
      grantable_scopes: grantableScopes(options.registry, request.access.scopes, user.name),
      token_expires_in_options_html: expiryOptions(options.maxSeconds),
      token_expires_in_max_seconds: options.maxSeconds,
    });
  });
}

function byUse(a: TokenRecord, b: TokenRecord): number {
  const key = (token: TokenRecord): string => `${token.lastActivity ?? ''}|${token.created}`;
  return key(a) < key(b) ? -1 : 1;
}

type InWords = (scopes: readonly string[]) => ReturnType<typeof scopesInWords>;

/** Raw scopes as the page shows them folded. */
function scopesInWords(registry: ScopeRegistry, scopes: readonly string[], reader: string) {
  return { scopes, scope_count: scopes.length, scope_descriptions: describeScopes(registry, scopes, reader) };
}

function tokenRow(token: TokenRecord, inWords: InWords) {
  return {
    api_id: `a${token.id}`,
    note: token.note,
    created: isoTimestamp(token.created),
    last_activity: token.lastActivity && isoTimestamp(token.lastActivity),
    expires_at: token.expiresAt && isoTimestamp(token.expiresAt),
    ...inWords(token.scopes),
  };
}

async function clientRows(context: PageContext, tokens: readonly TokenRecord[], inWords: InWords) {
  const groups = new Map<string, TokenRecord[]>();
  for (const token of tokens) {
    const id = token.clientId ?? '';
    const group = groups.get(id);
    if (group) group.push(token);
    else groups.set(id, [token]);
  }
  const rows = await Promise.all(
    [...groups].map(async ([id, group]) => {
      const client = await context.store.oauth.client(id);
      const created = group.map((token) => token.created).sort()[0] as Timestamp;
      const used =
        group
          .flatMap((token) => token.lastActivity ?? [])
          .sort()
          .at(-1) ?? null;
      return {
        client: { identifier: id },
        description: client?.description || id,
        created: isoTimestamp(created),
        last_activity: used && isoTimestamp(used),
        tokens: group.map((token) => tokenRow(token, inWords)),
        // Revoking one revokes all of that application.
        token_id: `a${group[0]?.id}`,
        token_count: group.length,
        ...inWords([...new Set(group.flatMap((token) => token.scopes))]),
      };
    }),
  );
  return rows.sort((a, b) => ((a.last_activity ?? '') < (b.last_activity ?? '') ? 1 : -1));
}

/** `<option>` elements; the last is selected, as on JupyterHub's page. */
function expiryOptions(maxSeconds: number): string {
  const choices: Array<readonly [value: number | '', label: string]> =
    maxSeconds > 0 ? CHOICES.filter(([seconds]) => seconds <= maxSeconds) : [...CHOICES];
  if (maxSeconds === 0) choices.push(['', 'Never']);
  else if (!choices.some(([seconds]) => seconds === maxSeconds)) {
    const hours = maxSeconds / 3600;
    const label = hours / 24 < 3 ? `${hours.toFixed(0)} hours` : `${(hours / 24).toFixed(0)} days`;
    choices.push(['', `Max (${label})`]);
  }
  return choices
    .map(([value, label], index) => {
      const selected = index === choices.length - 1 ? ' selected="selected"' : '';
      return `<option${selected} value="${value}">${label}</option>`;
    })
    .join('\n');
}
