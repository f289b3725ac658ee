/**
 * The smuggling corpus through the default engine to a Node target, and pipelines through all of them. Every engine,
 * in front of three servers, is test/compat/proxy-smuggling.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, echo, raw, seenBy, type Target, target } from '../../../test/support/http.js';
import { type InProcess, proxyInProcess } from '../../../test/support/proxy-in-process.js';
import { SMUGGLING } from '../../../test/support/smuggling.js';
import { runCases, surprises } from '../../../test/support/smuggling-run.js';
import { WAYS } from '../../../test/support/ways.js';
import { DEFAULT_ENGINE } from '../engine-names.js';

describe.each(WAYS)('smuggling through %s', (engine) => {
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

  /** On the connections that a run left behind, if it left any. */
  const inStep = async (): Promise<void> => {
    const paths = ['/probe/1', '/probe/2', '/probe/3'];
    const seen = await Promise.all(paths.map((path) => ask(`${proxy.url}${path}`)));
    expect(seen.map((reply) => seenBy(reply).url)).toEqual(paths);
    expect(asked.filter((path) => path.includes('smuggled'))).toEqual([]);
  };

  it.runIf(engine.split(' ')[0] === DEFAULT_ENGINE)('nothing is smuggled', async () => {
    expect(surprises(await runCases(proxy.port, SMUGGLING))).toEqual([]);
    await inStep();
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
    const { text } = await raw(
      proxy.port,
      `${usual('/1')}${unusual('/2')}${usual('/3')}${unusual('/4')}`,
      800,
    );
    expect([...text.matchAll(/"url":"(\/\d)"/g)].map((match) => match[1])).toEqual(['/1', '/2', '/3', '/4']);
    expect(text.match(/"body":"abc"/g)).toHaveLength(2);
  });
});
