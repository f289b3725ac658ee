import { describe, expect, it } from 'vitest';
import { formatMessage } from './messages.js';

describe('messages', () => {
  it('fill in what they are given, and show what is missing', () => {
    expect(formatMessage('{a} of {b}', { a: 0, b: '{a}' })).toBe('0 of {a}');
    expect(formatMessage('{a} of {b}', { a: 1 })).toBe('1 of {b}');
  });

  it('choose by number', () => {
    const text = 'Stop {count, plural, one {# server} other {# servers}}?';
    expect(formatMessage(text, { count: 1 })).toBe('Stop 1 server?');
    expect(formatMessage(text, { count: 0 })).toBe('Stop 0 servers?');
    expect(formatMessage(text, { count: 12 })).toBe('Stop 12 servers?');
    expect(formatMessage(text, {})).toBe(text);
  });

  it('choose by the rules of their language', () => {
    const text = '{n, plural, one {# jeden} few {# wenige} other {# viele}}';
    expect([1, 2, 5].map((n) => formatMessage(text, { n }, 'pl'))).toEqual([
      '1 jeden',
      '2 wenige',
      '5 viele',
    ]);
  });
});
