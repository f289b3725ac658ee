import { describe, expect, it } from 'vitest';
import { jsonBody } from './body.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a body of JSON', () => {
  it.each([
    ['', null],
    ['{"a":"\u00e9"}', { a: 'é' }],
    ['"\\ud83d\\ude00"', '😀'],
    ['"\\\\ud800"', '\\ud800'],
  ])('%j is read', (text, value) => {
    expect(jsonBody(text === '' ? null : Buffer.from(text, 'utf8'))).toEqual(value);
  });

  it.each([
    ['{"a":12345678901234567890}', '12345678901234567890'],
    ['[1, "\\"", -9007199254740993 ]', '-9007199254740993'],
    ['9007199254740992', '9007199254740992'],
    [`{"a":{"b":[1${'0'.repeat(400)}]}}`, `1${'0'.repeat(39)}…`],
  ])('with a number that would become another is refused: %j', (text, number) => {
    const message = `The number ${number} is too large to be kept exactly: send it as text`;
    expect(() => jsonBody(bytes(text))).toThrow(expect.objectContaining({ status: 400, message }));
  });

  it.each([
    '9007199254740991',
    '-9007199254740991',
    '0.12345678901234567890',
    '12345678901234567890.5',
    '1e20',
    '12345678901234567890E2',
    '1e-0000000000000000000001',
    '{"12345678901234567890":"a \\" 12345678901234567890"}',
    '["\\\\",12345678901234567890.0,"12345678901234567890"]',
  ])('may hold %s', (text) => {
    expect(jsonBody(bytes(text))).toEqual(JSON.parse(text));
  });

  it('is read to its end however long it is', () => {
    const escapes = `["${'\\"'.repeat(500_000)}",12345678901234567890]`;
    expect(() => jsonBody(bytes(escapes))).toThrow(/The number 12345678901234567890/);
  });

  it.each([
    ['no UTF-8', bytes('{"usernames":["\xff\xfe"]}')],
    ['an overlong form', bytes('"\xc0\xaf"')],
    ['a lone surrogate', bytes('{"usernames":["a\\ud800b"]}')],
    ['a lone surrogate as name', bytes('{"\\udfff":1}')],
    ['a lone surrogate behind a backslash', bytes('"\\\\\\ud800"')],
    ['a byte order mark', Buffer.from('\uFEFF{}', 'utf8')],
    ['no JSON', bytes('{"a":')],
    ['nesting without end', bytes('['.repeat(500_000))],
  ])('with %s is the caller’s fault', (_what, body) => {
    const refusal = { status: 400, message: 'Invalid JSON in body of request' };
    expect(() => jsonBody(body)).toThrow(expect.objectContaining(refusal));
  });
});
