import { describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { silentLog } from '../../core/log.js';
import type { Authenticator } from '../../core/plugin/authenticator.js';
import { CONTEXT, describeAuthenticator } from '../../test/suites/authenticator.js';
import { DummyAuthenticator } from './index.js';
import { DummyAuthenticatorClass } from './traits.js';

function make(password: string): Authenticator {
  return new DummyAuthenticator({
    config: defaults(DummyAuthenticatorClass, { password }),
    log: silentLog,
    clock: systemClock,
    passwordFile: '',
    resetPasswords: false,
    announce: () => undefined,
  });
}

describeAuthenticator({
  name: 'dummy with a password',
  make: () => make('open sesame'),
  good: { data: { username: 'alice', password: 'open sesame' }, model: { name: 'alice' } },
  bad: { username: 'alice', password: 'wrong' },
});

describeAuthenticator({
  name: 'dummy without one',
  make: () => make(''),
  good: { data: { username: 'alice', password: 'whatever' }, model: { name: 'alice' } },
});

describe('dummy', () => {
  it('takes the name as given: normalising is the hub’s', async () => {
    expect(await make('').authenticate({ username: 'AlIce' }, CONTEXT)).toEqual({
      kind: 'authenticated',
      model: { name: 'AlIce' },
    });
  });
});
