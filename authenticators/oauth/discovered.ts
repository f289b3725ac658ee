/** A provider whose addresses have to be asked for first: once, by whoever comes first; what failed is asked again. */
import type { AuthorizeRequest, CallbackRequest, ProviderClient, Tokens } from './client.js';
import { PlainClient, type PlainOptions } from './plain.js';

export class DiscoveredClient implements ProviderClient {
  readonly issuer: string;
  readonly #find: () => Promise<PlainOptions>;
  #client: Promise<PlainClient> | undefined;

  constructor(options: { readonly issuer: string; readonly find: () => Promise<PlainOptions> }) {
    this.issuer = options.issuer;
    this.#find = options.find;
  }

  async authorizeUrl(request: AuthorizeRequest): Promise<string> {
    return (await this.#provider()).authorizeUrl(request);
  }

  async exchange(request: CallbackRequest): Promise<Tokens> {
    return (await this.#provider()).exchange(request);
  }

  async refresh(refreshToken: string): Promise<Tokens> {
    return (await this.#provider()).refresh(refreshToken);
  }

  async userdataUrl(): Promise<string> {
    return (await this.#provider()).userdataUrl();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client = undefined;
  }

  #provider(): Promise<PlainClient> {
    this.#client ??= this.#find().then(
      (options) => new PlainClient(options),
      (error: unknown) => {
        this.#client = undefined;
        throw error;
      },
    );
    return this.#client;
  }
}
