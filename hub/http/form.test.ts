import { describe, expect, it, vi } from 'vitest';
import { formBody } from './form.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const FORM = 'application/x-www-form-urlencoded';

describe('a form', () => {
  it('is read with its escapes, a replacement character that was meant included', async () => {
    const { fields } = await formBody(bytes('username=a+%C3%A9&note=%EF%BF%BD&username=b'), FORM);
    expect([...fields]).toEqual([
      ['username', ['a é', 'b']],
      ['note', ['\uFFFD']],
    ]);
  });

  it.each([
    ['raw bytes', bytes('username=\xff')],
    ['escapes', bytes('username=%ff%fe')],
    ['a field’s name', bytes('%ff=1')],
    ['NUL', bytes('username=a%00')],
  ])('that is no text in %s is the caller’s fault', async (_what, body) => {
    await expect(formBody(body, FORM)).rejects.toMatchObject({ status: 400 });
  });
});

describe('a form of several parts', () => {
  const multipart = (boundary: string, value = 'alice') =>
    [
      `--${boundary}\r\nContent-Disposition: form-data; name="username"\r\n\r\n${value}\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n\xff\x00\r\n\r\n`,
      `--${boundary}--\r\n`,
    ].join('');
  const LONG = 'a'.repeat(71);

  it.each([
    ['X', 'X'],
    ['"X"', 'X'],
    ['X; charset=utf-8', 'X'],
    ['"=_Part (1)+/2?"', '=_Part (1)+/2?'],
    ['a.b*c$1', 'a.b*c$1'],
    [LONG, LONG],
    ['----------------------------0123456789', '----------------------------0123456789'],
  ])('is read with the boundary %s', async (parameter, boundary) => {
    const text = 'a\r\n--b X\r\n--XY\r\n --X\r\n--X--Y';
    const body = bytes(multipart(boundary, text));
    const { fields, files } = await formBody(body, `multipart/form-data; boundary=${parameter}`);
    expect([...fields]).toEqual([['username', [text]]]);
    expect(files.get('file')?.[0]?.body).toEqual(new Uint8Array([0xff, 0, 13, 10]));
  });

  it.each([
    ['no boundary', 'multipart/form-data', multipart('X')],
    ['an empty one', 'multipart/form-data; boundary=""', multipart('')],
    ['another one', 'multipart/form-data; boundary=Y', multipart('X')],
    ['no end', 'multipart/form-data; boundary=X', multipart('X').replace('--X--', '')],
  ])('with %s is the caller’s fault', async (_what, type, text) => {
    await expect(formBody(bytes(text), type)).rejects.toMatchObject({ status: 400 });
  });
});

describe('a form of many parts', () => {
  const type = 'multipart/form-data; boundary=bound';
  const parts = (count: number, filename = ''): Buffer => {
    const head = `Content-Disposition: form-data; name="a"${filename}`;
    return bytes(`${`--bound\r\n${head}\r\n\r\nv\r\n`.repeat(count)}--bound--\r\n`);
  };

  it('is read up to a thousand', async () => {
    const { fields } = await formBody(parts(1000), type);
    expect(fields.get('a')).toHaveLength(1000);
    await expect(formBody(parts(1001), type)).rejects.toMatchObject({ status: 400 });
  });

  it.each([
    ['files', parts(150_000, '; filename="x"'), type],
    [
      'files with a quoted boundary',
      parts(150_000, '; filename="x"'),
      'multipart/form-data; boundary="bound"',
    ],
    ['files with two boundaries', parts(150_000, '; filename="x"'), `${type}; boundary=other`],
    [
      'files with an escaped boundary',
      parts(150_000, '; filename="x"'),
      'multipart/form-data; boundary="b\\ound"',
    ],
    ['fields', Buffer.from('a=b&'.repeat(2_500_000)), FORM],
  ])('is refused before its 10 MB of %s are parsed', async (_what, body, contentType) => {
    const parser = vi.spyOn(Response.prototype, 'formData');
    await expect(formBody(body, contentType)).rejects.toMatchObject({ status: 400 });
    expect(parser).not.toHaveBeenCalled();
    parser.mockRestore();
  });

  it('is parsed once, though the XSRF check reads it before the page does', async () => {
    const body = parts(3);
    const once = await formBody(body, type);
    expect(await formBody(body, type)).toBe(once);
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="a\u00e9"',
  ])('%s names no boundary', async (contentType) => {
    await expect(formBody(parts(1), contentType)).rejects.toMatchObject({ status: 400 });
  });

  it('with one part of nothing but headers is refused before it is parsed', async () => {
    const body = bytes(`--bound\r\n${'a:b\r\n'.repeat(2_000_000)}\r\nv\r\n--bound--\r\n`);
    const parser = vi.spyOn(Response.prototype, 'formData');
    await expect(formBody(body, type)).rejects.toMatchObject({ status: 400 });
    expect(parser).not.toHaveBeenCalled();
    parser.mockRestore();
  });
});
