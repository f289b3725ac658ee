/** A browser before the pages of an authenticator, without a hub between them: keeps cookies, goes there and back. */
import { silentLog } from '../../core/log.js';
import type { Authenticator, AuthOutcome } from '../../core/plugin/authenticator.js';
import type { AuthenticatorAnswer, AuthenticatorRequest } from '../../core/plugin/authenticator-routes.js';
import type { TestProvider } from './provider.js';

export class RedirectBrowser {
  readonly cookies = new Map<string, string>();
  readonly #authenticator: Authenticator;

  constructor(authenticator: Authenticator) {
    this.#authenticator = authenticator;
  }

  async open(
    path: string,
    query: Readonly<Record<string, string>> = {},
    next = '',
  ): Promise<AuthenticatorAnswer> {
    const route = this.#authenticator.routes?.().find((each) => each.path === path);
    if (!route) throw new Error(`no page ${path}`);
    const request: AuthenticatorRequest = {
      remoteAddress: '192.0.2.1',
      peerAddress: '192.0.2.9',
      headers: {},
      log: silentLog,
      query,
      next,
      cookies: new Map(this.cookies),
      key: Buffer.alloc(32, 9),
      hubUrl: 'https://hub.example/hub/',
    };
    const answer = await route.handle(request);
    for (const { name, value } of answer.cookies ?? []) {
      if (value === null) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** The address at the provider. */
  async leave(next = ''): Promise<string> {
    const answer = await this.open('oauth_login', {}, next);
    if (answer.kind !== 'redirect') throw new Error(answer.kind);
    return answer.url;
  }

  /** There and back. */
  async signIn(provider: TestProvider, next = ''): Promise<AuthenticatorAnswer> {
    return this.open('oauth_callback', provider.visit(await this.leave(next)));
  }

  /** The outcome of a sign-in that comes to one. @throws Fault of one that does not */
  async outcome(provider: TestProvider): Promise<AuthOutcome> {
    const answer = await this.signIn(provider);
    if (answer.kind === 'failed') throw answer.fault;
    if (answer.kind !== 'outcome') throw new Error(answer.kind);
    return answer.outcome;
  }
}
