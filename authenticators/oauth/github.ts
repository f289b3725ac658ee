import { isJsonObject, type JsonObject, type JsonValue } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';
import type { ProviderParts } from './authenticator.js';
import type { GitHubOAuthenticatorConfig } from './github-traits.js';
import { type OAuthKind, oauthKind } from './kind.js';
import type { FoundUser, ProviderRules } from './rules.js';
import { claimedName, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.github.GitHubOAuthenticator';
const USER_KEY = 'github_user';

/** `github` (oauthenticator.github 17.4.0): private e-mail, teams, organizations. */
class GitHubRules implements ProviderRules {
  readonly userKey = USER_KEY;
  readonly #config: GitHubOAuthenticatorConfig;
  readonly #parts: ProviderParts;

  constructor(config: GitHubOAuthenticatorConfig, parts: ProviderParts) {
    this.#config = config;
    this.#parts = parts;
  }

  get hasAllowRule(): boolean {
    return this.#config.allowed_organizations.size > 0;
  }

  username(userInfo: JsonObject): Promise<string> {
    return claimedName(this.#config.username_claim, userInfo);
  }

  /** A login can be given up and taken by somebody else; the number cannot. */
  subject(userInfo: JsonObject): string | undefined {
    return subjectText(userInfo['id']);
  }

  async update(found: FoundUser): Promise<FoundUser> {
    const email = await this.#privateEmail(found.authState);
    const teams = await this.#teams(found.authState);
    return { ...found, authState: { ...found.authState, ...email, ...teams } };
  }

  /** By the login at GitHub: the name here may be another (username_map), and another's there. */
  async allows({ authState }: AuthModel): Promise<boolean> {
    const user = authState?.[USER_KEY];
    const login = isJsonObject(user) ? user['login'] : undefined;
    if (typeof login !== 'string') return false;
    const token = tokenOf(authState ?? {});
    for (const membership of this.#config.allowed_organizations) {
      const [org = '', team] = membership.split(':').map(encodeURIComponent);
      const path = team === undefined ? `orgs/${org}` : `orgs/${org}/teams/${team}`;
      const url = `${this.#config.github_api}/${path}/members/${encodeURIComponent(login)}`;
      const answer = await this.#parts.api.ask(url, 'the membership of an organization', token);
      if (answer.status === 204) return true;
    }
    return false;
  }

  async #privateEmail(authState: JsonObject): Promise<JsonObject> {
    const user = authState[USER_KEY];
    const granted = authState['scope'];
    if (!isJsonObject(user) || user['email'] || !Array.isArray(granted)) return {};
    if (!granted.includes('user') && !granted.includes('user:email')) return {};
    const url = `${this.#config.github_api}/user/emails`;
    const emails = await this.#parts.api.list(url, 'the e-mail addresses', tokenOf(authState));
    const primary = emails.filter(isJsonObject).find((each) => each['primary'] === true);
    return primary ? { [USER_KEY]: { ...user, email: primary['email'] } } : {};
  }

  async #teams(authState: JsonObject): Promise<JsonObject> {
    if (!this.#config.populate_teams_in_auth_state) return {};
    const url = `${this.#config.github_api}/user/teams?per_page=100`;
    return {
      teams: (await this.#parts.api.list(url, 'the teams', tokenOf(authState))) as readonly JsonValue[],
    };
  }
}

function tokenOf(authState: JsonObject): JsonObject {
  const response = authState['token_response'];
  return isJsonObject(response) ? response : {};
}

export const github: OAuthKind<GitHubOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules: (config, parts) => new GitHubRules(config, parts),
});
