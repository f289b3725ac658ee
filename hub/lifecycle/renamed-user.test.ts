/**
 * A running server serves the path and the host that it was started with, whatever its user is called since. Ours renames nobody
 * whose server runs; JupyterHub, whose database we may be given, does.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Browser } from '../../test/support/hub.js';
import { WholeHub } from '../../test/support/whole-hub.js';

let hub: WholeHub;
afterEach(() => hub?.[Symbol.asyncDispose]());

const NAMED = { allow_named_servers: true };
const WAYS = [
  { way: 'one host for all', settings: NAMED, origin: '', host: '' },
  {
    way: 'a host for each',
    settings: { ...NAMED, subdomain_host: 'http://hub.test:8000', bind_url: 'http://:8000/' },
    origin: 'http://alice.hub.test:8000',
    host: 'alice.hub.test',
  },
] as const;

/** Where pages and the API say that the user's servers are. */
async function places(browser: Browser) {
  const leadsTo = async (path: string) => (await browser.get(path)).headers.location;
  const { server, servers } = await hub.api('GET', 'users/alicia');
  const home = (await browser.get('/hub/home')).body;
  return {
    model: [server, servers['']?.url, servers['gpu']?.url],
    progress: (await hub.ask('GET', 'hub/api/users/alicia/server/progress', hub.rootToken)).body.match(
      /"url": ?"([^"]*)"/,
    )?.[1],
    home: [...home.matchAll(/href="([^"]*\/user\/[^"]*)"/g)].map(([, link]) => link),
    redirects: [
      await leadsTo('/hub/'),
      await leadsTo('/hub/login'),
      await leadsTo('/hub/spawn'),
      await leadsTo('/hub/spawn-pending/alicia'),
      await leadsTo('/hub/spawn/alicia/gpu'),
      await leadsTo('/hub/spawn-pending/alicia/gpu'),
    ],
    redirect: await leadsTo('/hub/user-redirect/lab?a=b'),
    back: [await leadsTo('/hub/user/alicia/lab?a=b'), await leadsTo('/hub/user/alicia/gpu/lab')],
  };
}

describe.each(WAYS)('after a rename of a user whose servers run, with $way', ({ settings, origin, host }) => {
  async function renamed(): Promise<Browser> {
    hub = await WholeHub.start({ JupyterHub: settings });
    await hub.signedIn('alice');
    await hub.startServer('alice');
    await hub.startServer('alice', 'servers/gpu');
    await hub.restart((database) => {
      database.prepare("UPDATE users SET name = 'alicia' WHERE name = 'alice'").run();
    });
    return hub.signedIn('alicia');
  }
  const own = `${origin}/user/alice/`;
  const gpu = `${own}gpu/`;
  const expected = {
    model: [own, own, gpu],
    progress: own,
    home: expect.arrayContaining([own, gpu]),
    redirects: [own, own, own, own, gpu, gpu],
    redirect: `/hub/spawn/alicia?next=${encodeURIComponent(`${own}lab?a=b`)}`,
    back: [`${own}lab?a=b&redirects=1`, `${gpu}lab?redirects=1`],
  };

  it('everything leads to where they are', async () => {
    const browser = await renamed();
    expect(await places(browser)).toEqual(expected);
    expect(hub.routes).toEqual(expect.arrayContaining([`${host}/user/alice/`, `${host}/user/alice/gpu/`]));
    expect(hub.routes.filter((route) => route.includes('alicia'))).toEqual([]);
  });

  it('the next start is under the new name', async () => {
    await renamed();
    await hub.api('DELETE', 'users/alicia/server');
    await hub.startServer('alicia');
    const { servers } = await hub.api('GET', 'users/alicia');
    expect(servers[''].url).toBe(own.replaceAll('alice', 'alicia'));
    expect(hub.routes).toContain(`${host.replace('alice', 'alicia')}/user/alicia/`);
  });
});
