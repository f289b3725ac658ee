import { describe, expect, it } from 'vitest';
import { readServiceSpec, readServiceSpecs } from './spec.js';

describe('the description of a service', () => {
  it('needs a name only', () => {
    expect(readServiceSpec({ name: 'x' }, 'here').spec).toMatchObject({
      name: 'x',
      admin: false,
      url: '',
      oauth: false,
      oauthClientId: 'service-x',
      timeoutSeconds: 30,
      command: [],
    });
  });

  it('has an OAuth client as soon as it is reached by browsers or speaks of one', () => {
    const oauth = (more: object): boolean | undefined =>
      readServiceSpec({ name: 'x', ...more }, 'x').spec?.oauth;
    expect(oauth({ url: 'http://127.0.0.1:9' })).toBe(true);
    expect(oauth({ oauth_redirect_uri: 'http://x/cb' })).toBe(true);
    expect(oauth({ oauth_no_confirm: false })).toBe(false);
    expect(oauth({ oauth_redirect_uri: '' })).toBe(false);
  });

  it('takes a text for a program without arguments, and numbers for texts of variables', () => {
    const { spec } = readServiceSpec({ name: 'x', command: '/bin/x', environment: { N: 1, S: 's' } }, 'x');
    expect(spec).toMatchObject({ command: ['/bin/x'], environment: { N: '1', S: 's' } });
  });

  it.each([
    [{}, 'has no name'],
    [7, 'must be an object'],
    [{ name: '' }, 'neither empty nor dots'],
    [{ name: '..' }, 'neither empty nor dots'],
    [{ name: 'a/b' }, 'slash'],
    [{ name: 'a%20b' }, 'URL escapes'],
    [{ name: ' a' }, 'blank'],
    [{ name: 'a', nope: 1 }, 'unknown key "nope"'],
    [{ name: 'a', url: 'ftp://x' }, 'http://HOST:PORT'],
    [{ name: 'a', url: 'nonsense' }, 'http://HOST:PORT'],
    [{ name: 'a', admin: 'yes' }, 'admin must be true or false'],
    [{ name: 'a', timeout: 1.5 }, 'whole number'],
    [{ name: 'a', command: [1] }, 'list of texts'],
    [{ name: 'a', info: [] }, 'info must be an object'],
    [{ name: 'a', environment: { 'A=B': 'x' } }, 'no name of a variable'],
    [{ name: 'a', environment: { A: true } }, 'A must be text'],
    [{ name: 'a', api_token: 'short' }, 'fewer than 8'],
    [{ name: 'a', oauth_client_id: 'x', oauth_redirect_uri: 'http://x/' }, 'must start with "service-"'],
    [{ name: 'a', oauth_client_id: 'service-a' }, 'oauth_redirect_uri'],
    [{ name: 'a', oauth_no_confirm: true }, 'oauth_redirect_uri'],
  ])('refuses %j', (value, fault) => {
    const { spec, faults } = readServiceSpec(value, 'c.JupyterHub.services[0]');
    expect(spec).toBeUndefined();
    expect(faults.join('\n')).toContain(fault);
    expect(faults.join('\n')).toContain('c.JupyterHub.services[0]');
    expect(faults.join('\n')).not.toContain('short');
  });

  it('tells all faults of all services at once', () => {
    const { faults } = readServiceSpecs([{ name: 'a', admin: 1, url: 2 }, { name: 'b/' }, {}]);
    expect(faults).toHaveLength(4);
  });

  it('lets the later of two with one name win, and none share a client', () => {
    const { specs } = readServiceSpecs([{ name: 'a' }, { name: 'a', display: false }]);
    expect(specs).toMatchObject([{ name: 'a', display: false }]);
    const shared = { oauth_client_id: 'service-x', oauth_redirect_uri: 'http://x/' };
    expect(
      readServiceSpecs([
        { name: 'a', ...shared },
        { name: 'b', ...shared },
      ]).faults,
    ).toEqual([expect.stringContaining('service-x')]);
  });
});
