import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';
import type { ProviderParts } from './authenticator.js';
import type { GitLabOAuthenticatorConfig } from './gitlab-traits.js';
import { type OAuthKind, oauthKind } from './kind.js';
import type { ProviderRules } from './rules.js';
import { claimedName, subjectText } from './username.js';

const CLASS_NAME = 'oauthenticator.gitlab.GitLabOAuthenticator';
const USER_KEY = 'gitlab_user';
/** GitLab's access level of developers. */
const DEVELOPER = 30;

/** `gitlab` (oauthenticator.gitlab 17.4.0). Members that a group inherits count: GitLab 12.4 or newer. */
class GitLabRules implements ProviderRules {
  readonly userKey = USER_KEY;
  readonly #config: GitLabOAuthenticatorConfig;
  readonly #parts: ProviderParts;

  constructor(config: GitLabOAuthenticatorConfig, parts: ProviderParts) {
    this.#config = config;
    this.#parts = parts;
  }

  get hasAllowRule(): boolean {
    return this.#config.allowed_gitlab_groups.size + this.#config.allowed_project_ids.size > 0;
  }

  username(userInfo: JsonObject): Promise<string> {
    return claimedName(this.#config.username_claim, userInfo);
  }

  subject(userInfo: JsonObject): string | undefined {
    return subjectText(userInfo['id']);
  }

  async allows({ authState }: AuthModel): Promise<boolean> {
    const user = authState?.[USER_KEY];
    const id = subjectText(isJsonObject(user) ? user['id'] : undefined);
    if (id === undefined) return false;
    for (const group of this.#config.allowed_gitlab_groups) {
      if (await this.#member(`groups/${encodeURIComponent(group)}`, id, authState ?? {})) return true;
    }
    for (const project of this.#config.allowed_project_ids) {
      const member = await this.#member(`projects/${encodeURIComponent(project)}`, id, authState ?? {});
      if (Number(member?.['access_level'] ?? 0) >= DEVELOPER) return true;
    }
    return false;
  }

  async #member(of: string, id: string, authState: JsonObject): Promise<JsonObject | undefined> {
    const url = `${this.#config.gitlab_api}/${of}/members/all/${encodeURIComponent(id)}`;
    const response = authState['token_response'];
    const token = isJsonObject(response) ? response : {};
    const answer = await this.#parts.api.ask(url, 'the membership of a group or project', token);
    if (answer.status !== 200) return undefined;
    return this.#parts.api.object(answer, 'the membership of a group or project');
  }
}

export const gitlab: OAuthKind<GitLabOAuthenticatorConfig> = oauthKind({
  className: CLASS_NAME,
  rules: (config, parts) => new GitLabRules(config, parts),
});
