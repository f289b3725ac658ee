import { describe, expect, it } from 'vitest';
import { ScopeRegistry, ScopeSet } from '../../core/scopes/index.js';
import { grantableScopes } from './grantable.js';

describe('scopes to choose from', () => {
  it('are asked for as they are held, with words', () => {
    const held = ScopeSet.parse([
      'read:hub',
      'servers!user=alice',
      'access:servers!server=bob/gpu',
      'read:groups!group=class',
      'read:groups!group=staff',
    ]);
    const choices = grantableScopes(new ScopeRegistry(), held, 'alice');
    expect(choices.map(({ text }) => text)).toEqual([
      'access:servers!server=bob/gpu',
      'read:groups!group=class',
      'read:groups!group=staff',
      'read:hub',
      'servers!user',
    ]);
    expect(choices.at(-1)).toMatchObject({ scope: 'servers', filter: 'only you' });
    expect(choices.every(({ description }) => description.length > 5)).toBe(true);
  });
});
