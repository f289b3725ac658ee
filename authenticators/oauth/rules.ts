/** Where providers differ from one another, beside their addresses. */
import type { JsonObject } from '../../core/model/json.js';
import type { AuthModel } from '../../core/plugin/authenticator.js';
import type { Awaitable } from './traits.js';

/** What is known of a user so far, with the auth_state that hooks and servers will see. */
export interface FoundUser {
  readonly model: AuthModel;
  readonly authState: JsonObject;
}

export interface ProviderRules {
  /** Key of auth_state under which what is known of the user stands. */
  readonly userKey: string;
  /** What is known of a user comes from the id token alone. */
  readonly fromIdToken?: boolean;
  /** @throws Fault when there is no name to be had */
  username(userInfo: JsonObject): Awaitable<string>;
  /** What the provider will never give to somebody else; `undefined` where it has no such thing. */
  subject(userInfo: JsonObject): string | undefined;
  /** Whether some rule of the class lets anybody in. */
  readonly hasAllowRule?: boolean;
  /** Asks for more, before groups are read. */
  update?(found: FoundUser): Promise<FoundUser>;
  allows?(model: AuthModel): Promise<boolean>;
  blocks?(model: AuthModel): boolean;
}
