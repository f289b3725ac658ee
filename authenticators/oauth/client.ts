/** What every way of talking to a provider gives: how to send a browser there, and what comes of its return. */
import type { JsonObject } from '../../core/model/json.js';
import type { SignInSecrets } from './state.js';

export interface Tokens {
  /** As the provider gave it, with at least `access_token` and `token_type`. */
  readonly response: JsonObject;
  /** What the id token says, as far as it was checked; absent where there was none. */
  readonly claims?: JsonObject;
}

export interface AuthorizeRequest {
  readonly redirectUri: string;
  readonly secrets: SignInSecrets;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface CallbackRequest {
  readonly redirectUri: string;
  readonly secrets: SignInSecrets;
  /** What the provider added to the address of the callback. */
  readonly query: Readonly<Record<string, string>>;
}

export interface ProviderClient extends AsyncDisposable {
  /** The provider as configured: part of an identity. At most 255 characters. */
  readonly issuer: string;
  /** @throws Fault when the provider's addresses have to be found and cannot be */
  authorizeUrl(request: AuthorizeRequest): Promise<string>;
  /** @throws Fault */
  exchange(request: CallbackRequest): Promise<Tokens>;
  /** @throws Fault; PROVIDER_REFUSED when the refresh token is no longer good */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Where to ask what is known of a user; empty: nowhere. */
  userdataUrl(): Promise<string>;
}
