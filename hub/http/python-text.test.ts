import { describe, expect, it } from 'vitest';
import { isTruthy, pythonRepr, pythonType } from './python-text.js';

describe('pythonRepr', () => {
  // each right side is what python3's repr() prints
  it.each([
    [null, 'None'],
    [true, 'True'],
    [1.5, '1.5'],
    ['a/b', "'a/b'"],
    ["it's", '"it\'s"'],
    ['both \' and "', "'both \\' and \"'"],
    ['line\n\u0000\u007f\u00e9\u200b\\', "'line\\n\\x00\\x7fé\\u200b\\\\'"],
    [{ nope: 1, list: ['x', null] }, "{'nope': 1, 'list': ['x', None]}"],
    [[], '[]'],
  ])('%j', (value, text) => {
    expect(pythonRepr(value)).toBe(text);
  });

  it('is bounded in length and depth', () => {
    expect(pythonRepr('x'.repeat(10_000)).length).toBeLessThan(600);
    let deep: readonly unknown[] = [];
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    expect(pythonRepr(deep as never).length).toBeLessThan(600);
  });
});

it('knows the classes and the truth of values', () => {
  expect([null, 1, 1.5, 'x', false, [], {}].map(pythonType)).toEqual([
    'NoneType',
    'int',
    'float',
    'str',
    'bool',
    'list',
    'dict',
  ]);
  expect([null, 0, '', false, [], {}].some(isTruthy)).toBe(false);
  expect([1, 'x', true, [0], { a: 0 }].every(isTruthy)).toBe(true);
});
