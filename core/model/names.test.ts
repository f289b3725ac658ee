import { describe, expect, it } from 'vitest';
import { ownerInPath, serverPath } from './names.js';

describe('the path of a server', () => {
  it.each(['alice', 'a b', 'zoë', 'a+b&c=d%2F;e', '100%', '\u{1F600}', 'a@b~c'])(
    'tells its user %j',
    (name) => {
      for (const base of ['/', '/my%20hub/']) {
        expect(ownerInPath(base, serverPath(base, name, ''))).toBe(name);
        expect(ownerInPath(base, serverPath(base, name, 'gpu'))).toBe(name);
      }
    },
  );

  it.each(['/', '/user/', '/user//x/', '/other/user/alice/', '/user/%ff/', '/user/a%zz/', '/user/a&b/'])(
    'that is none, %j, tells nobody',
    (path) => {
      expect(ownerInPath('/', path)).toBeUndefined();
    },
  );
});
