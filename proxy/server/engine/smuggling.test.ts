/**
 * The smuggling corpus through every engine to a Node target: nothing is asked for that was not a request, every
 * client gets its own answer afterwards, and the target's view of each connection stays in step.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, echo, raw, seenBy, type Target, target } from '../../../test/support/http.js';
import { type InProcess, proxyInProcess } from '../../../test/support/proxy-in-process.js';
import { SMUGGLING } from '../../../test/support/smuggling.js';
import { ENGINES } from '../engine-names.js';

describe.each(ENGINES)('smuggling through %s', (engine) => {
  const asked: string[] = [];
  let behind: Target;
  let proxy: InProcess;

  beforeAll(async () => {
    behind = await target((request, response) => {
      asked.push(request.url ?? '');
      echo('behind')(request, response);
    });
    proxy = await proxyInProcess(engine, '--default-target', behind.url);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await behind[Symbol.asyncDispose]();
  });

  const afterwards = async (): Promise<void> => {
    // On the connections that the case left behind, if it left any.
    const paths = ['/probe/1', '/probe/2', '/probe/3'];
    const seen = await Promise.all(paths.map((path) => ask(`${proxy.url}${path}`)));
    expect(seen.map((reply) => seenBy(reply).url)).toEqual(paths);
    expect(asked).not.toContain('/smuggled');
  };

  it.each(SMUGGLING)('$name', async ({ bytes, statuses }) => {
    asked.length = 0;
    const { text } = await raw(proxy.port, bytes, 150);
    const answers = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1]);
    expect(answers.join(' ')).toMatch(statuses);
    await afterwards();
  });

  it('every case in pieces', async () => {
    asked.length = 0;
    for (let at = 0; at < SMUGGLING.length; at += 16) {
      const some = SMUGGLING.slice(at, at + 16);
      await Promise.all(
        some.map(({ bytes }) =>
          raw(proxy.port, [bytes.slice(0, 7), bytes.slice(7, 40), bytes.slice(40)], 250),
        ),
      );
      await afterwards();
    }
  });

  it('pipelined requests are answered in order, each once', async () => {
    const one = (path: string, body = ''): string =>
      `${body ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: x\r\n${body ? `Content-Length: ${body.length}\r\n` : ''}\r\n${body}`;
    const bytes = `${one('/1')}${one('/2', 'abc')}${one('/3')}${one('/4').replace('1.1\r\n', '1.1\r\nConnection: close\r\n')}`;
    for (const parts of [[bytes], [bytes.slice(0, 50), bytes.slice(50, 90), bytes.slice(90)]]) {
      const { text, closed } = await raw(proxy.port, parts);
      expect([...text.matchAll(/"url":"(\/\d)"/g)].map((match) => match[1])).toEqual([
        '/1',
        '/2',
        '/3',
        '/4',
      ]);
      expect(closed).toBe(true);
    }
  });

  it('a pipelined request that is unusual follows one that is not, and the other way round', async () => {
    const usual = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const unusual = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
    const { text } = await raw(proxy.port, `${usual('/1')}${unusual('/2')}${usual('/3')}${unusual('/4')}`);
    expect([...text.matchAll(/"url":"(\/\d)"/g)].map((match) => match[1])).toEqual(['/1', '/2', '/3', '/4']);
    expect(text.match(/"body":"abc"/g)).toHaveLength(2);
  });
});
