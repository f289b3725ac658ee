import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';
import type { ProviderParts } from './authenticator.js';
import type { BitbucketOAuthenticatorConfig } from './bitbucket-traits.js';
import { refusedAnswer } from './faults.js';
import { type OAuthKind, oauthKind } from './kind.js';
import type { FoundUser, ProviderRules } from './rules.js';
import { claimedName, subjectText } from './username.js';

const WHAT = 'the workspaces';
const MAX_PAGES = 50;

/** `bitbucket` (oauthenticator.bitbucket 17.4.0): workspaces, which were teams once. */
class BitbucketRules implements ProviderRules {
  readonly userKey = 'bitbucket_user';
  readonly #config: BitbucketOAuthenticatorConfig;
  readonly #parts: ProviderParts;

  constructor(config: BitbucketOAuthenticatorConfig, parts: ProviderParts) {
    this.#config = config;
    this.#parts = parts;
  }

  get hasAllowRule(): boolean {
    return this.#config.allowed_teams.size > 0;
  }

  username(userInfo: JsonObject): Promise<string> {
    return claimedName(this.#config.username_claim, userInfo);
  }

  /** Names can be changed and taken by somebody else; these cannot. */
  subject(userInfo: JsonObject): string | undefined {
    return subjectText(userInfo['account_id']) ?? subjectText(userInfo['uuid']);
  }

  async update(found: FoundUser): Promise<FoundUser> {
    const teams = this.hasAllowRule ? await this.#teams(found.authState) : [];
    return { ...found, authState: { ...found.authState, user_teams: teams } };
  }

  async allows({ authState }: AuthModel): Promise<boolean> {
    const teams = authState?.['user_teams'];
    return Array.isArray(teams) && teams.some((team) => this.#config.allowed_teams.has(team));
  }

  async #teams(authState: JsonObject): Promise<readonly string[]> {
    const response = authState['token_response'];
    const token = isJsonObject(response) ? response : {};
    const names: string[] = [];
    const first = new URL('workspaces?role=member', this.#config.userdata_url);
    let next: string | undefined = first.href;
    for (let page = 0; next !== undefined; page++) {
      if (page === MAX_PAGES) throw refusedAnswer(WHAT, `more than ${MAX_PAGES} pages`);
      if (!URL.canParse(next) || new URL(next).origin !== first.origin)
        throw refusedAnswer(WHAT, 'the next page is on another host');
      const body: unknown = await this.#parts.api.json(next, WHAT, token);
      if (!isJsonObject(body) || !Array.isArray(body['values']))
        throw refusedAnswer(WHAT, 'the answer has no values');
      names.push(...body['values'].filter(isJsonObject).map(({ name }) => String(name)));
      next = typeof body['next'] === 'string' ? body['next'] : undefined;
    }
    return names;
  }
}

export const bitbucket: OAuthKind<BitbucketOAuthenticatorConfig> = oauthKind({
  className: 'oauthenticator.bitbucket.BitbucketOAuthenticator',
  rules: (config, parts) => new BitbucketRules(config, parts),
});
