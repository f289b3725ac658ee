import { afterEach, describe, expect, it } from 'vitest';
import { WholeHub } from '../../test/support/whole-hub.js';

let hub: WholeHub;
afterEach(() => hub?.[Symbol.asyncDispose]());

describe.each(['/my%20hub/', '/caf%C3%A9/', '/a%2Fb/', '/100%25/'])('a hub below %s', (base) => {
  it('serves pages and the API, signs in and starts servers, all below its escaped prefix', async () => {
    hub = await WholeHub.start({ JupyterHub: { base_url: base } });
    const browser = hub.browser();
    expect((await browser.get(`${base}hub/health`)).statusCode).toBe(200);
    expect((await browser.get(`${base}hub/api/`)).json()).toEqual({ version: '6.1.1' });
    const login = await browser.get(`${base}hub/login?next=x`);
    expect([login.statusCode, login.headers['content-type']]).toEqual([200, 'text/html']);
    expect([login.headers['set-cookie']].flat().join()).toContain(`Path=${base}hub/`);
    const signedIn = await browser.post(`${base}hub/login`, { username: 'zoë x', password: 'x' });
    expect([signedIn.statusCode, signedIn.headers.location]).toEqual([302, `${base}hub/spawn`]);
    await hub.startServer('zoë x');
    const own = `${base}user/zo%C3%AB%20x/`;
    expect((await browser.get(`${base}hub/`)).headers.location).toBe(own);
    expect((await hub.api('GET', `users/${encodeURIComponent('zoë x')}`)).server).toBe(own);
    expect(hub.routes).toContain(own);
    const outside = await browser.get('/elsewhere?a=b');
    expect([outside.statusCode, outside.headers.location]).toEqual([302, `${base}hub/elsewhere`]);
    const nobody = await hub.browser().get(`${base}hub/home?a=%20b`);
    expect(nobody.headers.location).toBe(
      `${base}hub/login?next=${encodeURIComponent(`${base}hub/home?a=%20b`)}`,
    );
    const missing = await hub.ask('GET', 'hub/api/nothing%20here', hub.rootToken);
    expect([missing.statusCode, missing.json()]).toEqual([404, { status: 404, message: null }]);
    const undecodable = await hub.ask('GET', 'hub/api/users/%ff', hub.rootToken);
    expect([undecodable.statusCode, undecodable.json().status]).toEqual([400, 400]);
  });
});
