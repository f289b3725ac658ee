/**
 * The contract of an authenticator (core/plugin/authenticator.ts), run on every implementation.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { type ClassDeclaration, defaults } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type {
  AuthenticationContext,
  Authenticator,
  AuthenticatorInit,
  AuthModel,
  AuthOutcome,
} from '../../core/plugin/authenticator.js';
import type { AuthenticatorRequest } from '../../core/plugin/authenticator-routes.js';

export interface AuthenticatorSuite {
  readonly name: string;
  /** Not yet provisioned. */
  make(): Authenticator;
  /** Fields of a form that must get in, and the model they give; absent where nobody gets in. */
  readonly good?: { readonly data: Readonly<Record<string, string>>; readonly model: AuthModel };
  /** Fields that must be refused; absent where everybody gets in. */
  readonly bad?: Readonly<Record<string, string>>;
  /** Test title to the reason why it does not apply. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** What `make` makes an instance with: everything as by default, but for `settings`. */
export function authenticatorInit<Config>(
  declaration: ClassDeclaration<Config>,
  settings: Partial<Config> = {},
): AuthenticatorInit<Config> {
  return {
    config: defaults(declaration, settings),
    log: silentLog,
    clock: systemClock,
    passwordFile: '',
    resetPasswords: false,
    announce: () => undefined,
  };
}

export const CONTEXT: AuthenticationContext = {
  remoteAddress: '127.0.0.1',
  peerAddress: '127.0.0.1',
  headers: {},
  log: silentLog,
};

const HOSTILE = [
  '',
  '\u0000',
  '../..',
  'x'.repeat(100_000),
  '\ud800',
  '__proto__',
  'constructor',
  '\u202e',
  "' OR 1=1 --",
];

/** By a browser that no earlier answer has set anything in. */
function pageRequest(query: Readonly<Record<string, string>>): AuthenticatorRequest {
  return {
    ...CONTEXT,
    query,
    next: '',
    cookies: new Map(),
    key: new Uint8Array(32),
    hubUrl: 'https://hub.example/hub/',
  };
}

export function describeAuthenticator(suite: AuthenticatorSuite): void {
  const test = (title: string, applies: boolean, body: () => Promise<void>): void => {
    const reason = suite.skip?.[title] ?? (applies ? undefined : 'nothing to try here');
    if (reason === undefined) it(title, body);
    else it.skip(`${title} (skipped: ${reason})`, body);
  };

  describe(`${suite.name}: the contract of an authenticator`, () => {
    const made: Authenticator[] = [];
    const ready = async (): Promise<Authenticator> => {
      const authenticator = suite.make();
      made.push(authenticator);
      await authenticator.provision();
      return authenticator;
    };
    afterEach(async () => {
      for (const authenticator of made.splice(0)) await authenticator[Symbol.asyncDispose]();
    });

    test('names its class as JupyterHub does', true, async () => {
      expect(suite.make().className).toMatch(/^[a-z]\w*(\.\w+)+$/);
    });

    test('can be disposed of without having been provisioned, and twice', true, async () => {
      const authenticator = suite.make();
      await authenticator[Symbol.asyncDispose]();
      await authenticator[Symbol.asyncDispose]();
    });

    test('lets the right one in', suite.good !== undefined, async () => {
      const { data, model } = suite.good!;
      expect(await (await ready()).authenticate(data, CONTEXT)).toEqual({ kind: 'authenticated', model });
    });

    test('refuses the wrong one, without an error', suite.bad !== undefined, async () => {
      expect(await (await ready()).authenticate(suite.bad!, CONTEXT)).toMatchObject({ kind: 'refused' });
    });

    test('refuses a form without fields', suite.bad !== undefined, async () => {
      expect(await (await ready()).authenticate({}, CONTEXT)).toMatchObject({ kind: 'refused' });
    });

    test('answers hostile input with an outcome, and never lets a wrong password in', true, async () => {
      const authenticator = await ready();
      for (const text of HOSTILE) {
        for (const data of [
          { ...suite.bad, username: text },
          { ...suite.bad, password: text },
        ]) {
          const outcome: AuthOutcome = await authenticator.authenticate(data, CONTEXT);
          if (suite.bad) expect(outcome.kind).toBe('refused');
        }
      }
    });

    test('answers hostile requests for its own pages, and lets nobody in by them', true, async () => {
      const authenticator = await ready();
      for (const { path, handle } of authenticator.routes?.() ?? []) {
        expect(path).toMatch(/^[\w-]+$/);
        for (const text of HOSTILE) {
          const answer = await handle(
            pageRequest({ code: text, state: text, error: text, next: text }),
          ).catch(
            // in words, and no error of its own: 4xx, or the provider that is not there
            (error: unknown) => {
              expect(error).toMatchObject({
                code: expect.stringMatching(/^[A-Z_]+$/),
                status: expect.any(Number),
              });
              return { kind: 'failed' } as const;
            },
          );
          if (answer.kind === 'outcome') expect(answer.outcome.kind).toBe('refused');
        }
      }
    });

    test('does not let a message repeat what was typed', suite.bad !== undefined, async () => {
      const outcome = await (await ready()).authenticate({ ...suite.bad, password: 'typed-secret' }, CONTEXT);
      expect(JSON.stringify(outcome)).not.toContain('typed-secret');
    });
  });
}
