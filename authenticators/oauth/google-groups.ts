/** The Google groups of a member, by Google's Directory API in the name of an administrator of their domain. */
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { ProviderParts } from './authenticator.js';
import { refusedAnswer, unreachable } from './faults.js';
import type { GoogleOAuthenticatorConfig } from './google-traits.js';
import type { HttpAnswer } from './http.js';
import { groupsMisfit, ServiceAccount } from './service-account.js';

const WHAT = 'the Google groups';
const MAX_PAGES = 50;
/** Groups that are followed into: each costs a question. */
const MAX_GROUPS = 500;

export class GoogleGroups {
  readonly #config: GoogleOAuthenticatorConfig;
  readonly #parts: ProviderParts;
  readonly #accounts: ReadonlyMap<string, ServiceAccount>;

  constructor(config: GoogleOAuthenticatorConfig, parts: ProviderParts, now: () => number) {
    const { google_service_account_keys: keys, gsuite_administrator: administrators } = config;
    this.#config = config;
    this.#parts = parts;
    this.#accounts = new Map(
      Object.entries(keys).flatMap(([domain, keyFile]) => {
        const administrator = administrators[domain];
        if (administrator === undefined) return [];
        const subject = `${administrator}@${domain}`;
        const scope = `${this.#api}/auth/admin.directory.group.readonly`;
        const options = { domain, keyFile, subject, scope, http: parts.http, now };
        return [[domain, new ServiceAccount(options)] as const];
      }),
    );
  }

  /**
   * By their names before the `@`, sorted; none where no key is for the domain: its people are in none that a rule could mean.
   * @throws Fault
   */
  async of(email: string, domain: string): Promise<readonly string[]> {
    const account = this.#accounts.get(domain);
    if (!account) return [];
    const direct = await this.#direct(email, domain, account);
    if (!this.#config.include_nested_groups) return [...direct].sort();
    const found = new Set(direct);
    for (const group of found) {
      if (found.size > MAX_GROUPS) throw refusedAnswer(WHAT, `more than ${MAX_GROUPS} groups of ${domain}`);
      // A set that grows is walked to its new end, and has each but once.
      for (const outer of await this.#direct(`${group}@${domain}`, domain, account)) found.add(outer);
    }
    return [...found].sort();
  }

  get #api(): string {
    return this.#config.google_api_url.replace(/\/+$/, '');
  }

  async #direct(member: string, domain: string, account: ServiceAccount): Promise<readonly string[]> {
    const names: string[] = [];
    let token: string | undefined;
    for (let page = 0; page === 0 || token !== undefined; page++) {
      if (page === MAX_PAGES) throw refusedAnswer(WHAT, `more than ${MAX_PAGES} pages`);
      const query = new URLSearchParams({
        userKey: member,
        ...(token !== undefined && { pageToken: token }),
      });
      const url = `${this.#api}/admin/directory/v1/groups?${query.toString()}`;
      const answer = await this.#parts.api.ask(url, WHAT, await account.token());
      // Google knows nobody of that address: a consumer's account, or a group of another domain.
      if (answer.status === 404) return [];
      const body = this.#read(answer, url, domain);
      names.push(...groupNames(body));
      const next = body['nextPageToken'];
      token = typeof next === 'string' && next !== '' ? next : undefined;
    }
    return names;
  }

  #read(answer: HttpAnswer, url: string, domain: string): JsonObject {
    const { status, text } = answer;
    // Google says 403 to who asks too often, too.
    if (status === 403 && /rateLimitExceeded|quotaExceeded/i.test(text))
      throw unreachable(WHAT, url, 'the quota is used up');
    if (status >= 400)
      throw groupsMisfit(domain, `the Directory API answered ${status}: ${text.slice(0, 300)}`);
    return this.#parts.api.object(answer, WHAT);
  }
}

function groupNames(body: JsonObject): readonly string[] {
  const { groups } = body;
  if (!Array.isArray(groups)) return [];
  return groups.flatMap((group) => {
    const email = isJsonObject(group) ? group['email'] : undefined;
    return typeof email === 'string' && email !== '' ? [email.split('@', 1)[0] ?? ''] : [];
  });
}
