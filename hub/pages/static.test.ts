import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerStatic } from './static.js';

let app: FastifyInstance;
beforeEach(() => {
  app = fastify();
  const logo = { bytes: Buffer.from('<svg/>'), type: 'image/svg+xml' };
  registerStatic(app, { baseUrl: '/', hubPrefix: '/hub/', logo });
});
afterEach(() => app.close());

describe('the logo', () => {
  it('is not sent again to whoever has it', async () => {
    const first = await app.inject('/hub/logo');
    expect([first.statusCode, first.headers['content-type']]).toEqual([200, 'image/svg+xml']);
    const etag = String(first.headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*', `"a,b",W/${etag}`]) {
      for (const method of ['GET', 'HEAD'] as const) {
        const again = await app.inject({ method, url: '/hub/logo', headers: { 'if-none-match': known } });
        expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag]);
        expect(again.headers['content-type']).toBeUndefined();
      }
    }
  });

  it.each(['"other"', 'W/"other"', '', 'nonsense', '"*"'])(
    'is sent to whoever has another: %j',
    async (known) => {
      const again = await app.inject({ url: '/hub/logo', headers: { 'if-none-match': known } });
      expect(again.statusCode).toBe(200);
      expect(again.rawPayload.length).toBeGreaterThan(0);
    },
  );
});
