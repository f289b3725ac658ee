import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminApp } from '../../../test/support/admin-app.js';
import { Browser, TestHub } from '../../../test/support/hub.js';
import { createUser } from '../../rbac/index.js';
import type { UserRecord } from '../../store/index.js';

let hub: TestHub;
let admin: AdminApp;
let browser: Browser;
let bob: UserRecord;

beforeEach(async () => {
  hub = await TestHub.make({ admission: { admin_users: new Set(['root']) } });
  admin = new AdminApp(hub, { pageSize: 3 });
  await admin.app.ready();
  browser = await signedIn('root');
  bob = await newUser('bob');
});

afterEach(async () => {
  await admin.app.close();
  await hub[Symbol.asyncDispose]();
});

async function signedIn(name: string): Promise<Browser> {
  const first = hub.browser();
  await first.signIn(name);
  const visitor = new Browser(admin.app);
  for (const [key, value] of first.cookies) visitor.cookies.set(key, value);
  return visitor;
}

async function newUser(name: string): Promise<UserRecord> {
  await hub.store.transaction((repositories) =>
    createUser(repositories, { name: name as UserRecord['name'] }),
  );
  return hub.user(name);
}

/** Gives a signed-in user a role of these scopes. */
async function role(name: string, scopes: readonly string[]): Promise<void> {
  const made = await hub.store.roles.upsert({ name: `role-of-${name}`, description: null, scopes });
  await hub.store.roles.grant(made.id, 'user', [(await hub.user(name)).id]);
}

async function text(path: string, visitor = browser): Promise<string> {
  const answer = await visitor.get(path);
  expect(answer.statusCode, answer.body.slice(0, 300)).toBe(200);
  return answer.body;
}

function rowsIn(html: string): readonly string[] {
  return [...html.matchAll(/data-key="([^"]*)"/g)].map(([, key = '']) => key);
}

function actsIn(html: string): readonly string[] {
  return [...html.matchAll(/name="act" value="([^"]*)"/g)].map(([, act = '']) => act);
}

describe('the notice that the spawner has troubles', () => {
  it('says each of them, as text', async () => {
    expect(await text('/hub/admin')).not.toContain('spawner-troubles');
    admin.spawnerTroubles = ['pods in default could not be watched for 90 s: <refused>'];
    const page = await text('/hub/admin');
    expect(page).toMatch(/id="spawner-troubles" role="alert"/);
    expect(page).toContain('<li>pods in default could not be watched for 90 s: &lt;refused&gt;</li>');
  });
});

describe('the notice that starts are refused', () => {
  it('stands above the table as long as the breaker is not closed', async () => {
    expect(await text('/hub/admin')).not.toContain('breaker-notice');
    admin.breaker = { state: 'open', failures: 7, since: '2026-01-02T03:04:05Z' };
    const page = await text('/hub/admin');
    expect(page).toMatch(/id="breaker-notice" role="alert">[^<]*\b7 in a row have failed/);
    expect(page).toContain('datetime="2026-01-02T03:04:05Z"');
    admin.breaker = { state: 'closed', failures: 0 };
    expect(await text('/hub/admin')).not.toContain('breaker-notice');
  });
});

describe('the table', () => {
  it('searches, filters, orders and turns pages in the address', async () => {
    for (const name of ['carol', 'dave', 'eve']) await newUser(name);
    await admin.run(bob);
    expect(rowsIn(await text('/hub/admin'))).toEqual(['bob', 'carol', 'dave']);
    expect(rowsIn(await text('/hub/admin?offset=3'))).toEqual(['eve', 'root']);
    expect(rowsIn(await text('/hub/admin?sort=-name'))).toEqual(['root', 'eve', 'dave']);
    expect(rowsIn(await text('/hub/admin?name_filter=O'))).toEqual(['bob', 'carol', 'root']);
    expect(rowsIn(await text('/hub/admin?state=active'))).toEqual(['bob']);
    expect(rowsIn(await text('/hub/admin?state=ready'))).toEqual(['bob']);
    expect(rowsIn(await text('/hub/admin?state=admins'))).toEqual(['root']);
    expect(rowsIn(await text('/hub/admin?state=inactive'))).not.toContain('bob');
    admin.hold(bob, '', 'stop');
    expect(await text('/hub/admin/rows?state=active')).toContain('stopping');
    expect(rowsIn(await text('/hub/admin?sort=nonsense&offset=-4&state=x'))).toEqual([
      'bob',
      'carol',
      'dave',
    ]);
  });

  it('filters by group, and says when nobody fits', async () => {
    const group = await hub.store.groups.create('class & co');
    await hub.store.groups.addUsers(group.id, [bob.id]);
    const page = await text('/hub/admin?group=class+%26+co');
    expect(rowsIn(page)).toEqual(['bob']);
    expect(page).toContain('class &amp; co');
    expect(await text('/hub/admin?name_filter=%3Cnobody%3E')).toContain('Nothing fits');
  });

  it('escapes what names hold', async () => {
    await newUser('<script>x');
    const page = await text('/hub/admin?name_filter=script');
    expect(page).not.toContain('<script>x');
    expect(page).toContain('start/%3Cscript%3Ex/');
  });

  it('is not looked at by who lacks admin-ui, and does not count as activity when a script looks', async () => {
    const visitor = await signedIn('bob');
    for (const path of ['', '/rows', '/groups', '/users/bob', '/groups/x', '/shutdown']) {
      expect((await visitor.get(`/hub/admin${path}`)).statusCode, path).toBe(403);
    }
    expect((await visitor.post('/hub/admin/actions', { act: 'start/bob/' })).statusCode).toBe(403);
    expect(admin.calls).toEqual([]);
    const before = (await hub.user('root')).lastActivity;
    hub.clock.advance(3_600_000);
    await text('/hub/admin/rows');
    await hub.activity.flush();
    expect((await hub.user('root')).lastActivity).toBe(before);
  });
});

describe('what a visitor may do', () => {
  it('is all that has a button', async () => {
    const visitor = await signedIn('limited');
    await role('limited', ['admin-ui', 'list:users', 'read:servers']);
    const looking = await text('/hub/admin', visitor);
    expect(rowsIn(looking)).toContain('bob');
    // Their own servers are theirs.
    expect(actsIn(looking).filter((act) => !/limited|selected/.test(act))).toEqual([]);
    for (const id of ['add-users', 'stop-all', 'shutdown']) expect(looking).not.toContain(`id="${id}"`);
    expect(looking).not.toContain('/hub/admin/groups');
    expect((await visitor.get('/hub/admin/shutdown')).statusCode).toBe(403);

    await admin.run(bob);
    await role('limited', ['admin-ui', 'list:users', 'read:servers', 'delete:servers!user=bob']);
    const stopping = actsIn(await text('/hub/admin', visitor));
    expect(stopping).toContain('stop/bob/');
    expect(stopping).not.toContain('start/root/');
    expect(await text('/hub/admin', visitor)).not.toContain('href="/user/bob/"');
    await role('limited', ['admin-ui', 'list:users', 'read:servers', 'access:servers!server=bob/']);
    expect(await text('/hub/admin', visitor)).toContain('href="/user/bob/"');
  });

  it('follows filters by group, and hides who is out of reach', async () => {
    const visitor = await signedIn('tutor');
    const group = await hub.store.groups.create('class');
    await hub.store.groups.addUsers(group.id, [bob.id]);
    await role('tutor', ['admin-ui', 'list:users!group=class', 'servers!group=class']);
    const page = await text('/hub/admin', visitor);
    expect(rowsIn(page)).toEqual(['bob']);
    expect(actsIn(page)).toContain('start/bob/');
    expect((await visitor.get('/hub/admin/users/root')).statusCode).toBe(404);
    expect((await visitor.get('/hub/admin/users/nobody')).statusCode).toBe(404);
  });

  it('is asked again where it is done', async () => {
    const visitor = await signedIn('limited');
    await role('limited', ['admin-ui', 'list:users', 'read:servers']);
    const answer = await visitor.post('/hub/admin/actions', { act: 'start/bob/' });
    expect(answer.body).toContain('No access to resources or resources not found');
    expect(admin.status(bob, '').ready).toBe(false);
    expect((await visitor.post('/hub/admin/users', { names: 'zoe' })).statusCode).toBe(403);
    expect((await visitor.post('/hub/admin/groups', { name: 'g' })).statusCode).toBe(403);
    expect((await visitor.post('/hub/admin/shutdown', {})).statusCode).toBe(403);
    expect(admin.shutdowns).toEqual([]);
  });

  it('shows groups to who may see groups alone', async () => {
    const visitor = await signedIn('grouper');
    await hub.store.groups.create('class');
    await role('grouper', ['admin-ui', 'groups!group=class', 'list:groups!group=class']);
    expect(await text('/hub/admin', visitor)).toContain('You may not list users');
    await hub.store.groups.create('secret');
    expect(rowsIn(await text('/hub/admin/groups', visitor))).toEqual(['class']);
    expect((await visitor.get('/hub/admin/groups/secret')).statusCode).toBe(404);
    const added = await visitor.post('/hub/admin/groups/class', { act: 'add', names: 'bob' });
    expect(added.statusCode).toBe(303);
    const page = await text('/hub/admin/groups/class', visitor);
    expect(page).toContain('data-member="bob"');
    expect(page).not.toContain('id="delete-group"');
  });
});

describe('actions', () => {
  it('needs the XSRF token of the visitor', async () => {
    const answer = await browser.send({
      method: 'POST',
      url: '/hub/admin/actions',
      payload: 'act=start%2Fbob%2F',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.statusCode).toBe(403);
    expect(admin.status(bob, '').ready).toBe(false);
  });

  it('starts and stops through the API and goes back to where the button was', async () => {
    const next = '/hub/admin?name_filter=b&offset=0';
    const started = await browser.post('/hub/admin/actions', { act: 'start/bob/', next });
    expect([started.statusCode, started.headers.location]).toEqual([303, next]);
    expect(admin.status(bob, '').ready).toBe(true);
    const away = await browser.post('/hub/admin/actions', { act: 'stop/bob/', next: '/hub/logout' });
    expect(away.headers.location).toBe('/hub/admin');
    expect(admin.status(bob, '').ready).toBe(false);
    expect(admin.calls).toEqual(['POST users/bob/server', 'DELETE users/bob/server']);
  });

  it('asks before many things and before what cannot be undone', async () => {
    await newUser('carol');
    await admin.run(bob);
    const asked = await browser.post('/hub/admin/actions', {
      act: 'stop-selected',
      user: 'bob',
      next: '/hub/admin',
    });
    expect(asked.body).toContain('Stop 1 server?');
    expect(asked.body).toContain('name="target" value="bob/"');
    expect((await browser.post('/hub/admin/actions', { act: 'delete-user/carol' })).body).toContain(
      'Delete 1 user?',
    );
    expect((await browser.post('/hub/admin/actions', { act: 'start-selected', user: 'bob' })).body).toContain(
      'There is nothing to start',
    );
    expect(admin.calls).toEqual([]);
    const done = await browser.post('/hub/admin/actions', {
      act: 'run',
      verb: 'delete-user',
      target: 'carol/',
      confirmed: 'yes',
    });
    expect(done.statusCode).toBe(303);
    expect(await hub.store.users.byName('carol')).toBeUndefined();
  });

  it('tells which of many failed and why, and does the others', async () => {
    const carol = await newUser('carol');
    admin.broken.set('bob/', 'The disk is <full>');
    const payload = new URLSearchParams({ act: 'run', verb: 'start', confirmed: 'yes' });
    for (const target of ['bob/', 'carol/', 'gone/']) payload.append('target', target);
    payload.append('_xsrf', browser.cookies.get('_xsrf') ?? '');
    const send = (headers = {}) =>
      browser.send({
        method: 'POST',
        url: '/hub/admin/actions',
        payload: payload.toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
    const answer = await send();
    expect(answer.body).toContain('Started 1 of 3.');
    expect(answer.body).toContain('The disk is &lt;full&gt;');
    expect(answer.body).toMatch(/<strong>gone<\/strong>: <span>[^<]+</);
    expect(admin.status(carol, '').ready).toBe(true);

    const part = await send({ 'x-anteroom-part': '1' });
    expect(part.headers['x-anteroom-part']).toBe('outcome');
    expect(part.body).not.toContain('<html');
    expect(part.body).toContain('data-target="bob/"');
  });

  it('stops all servers that the visitor may stop, after a question', async () => {
    const users = [bob, await newUser('carol'), await newUser('dave')];
    for (const user of users) await admin.run(user);
    const named = await hub.store.spawners.create({
      userId: bob.id,
      name: 'gpu' as never,
      displayName: 'GPU',
    });
    await admin.run(bob, named.name);
    const asked = await browser.post('/hub/admin/actions', { act: 'stop-all' });
    expect(asked.body).toContain('Stop 4 servers?');
    expect(asked.body).toContain('<li>bob: gpu</li>');
    expect(asked.body).not.toContain('name="target"');
    await browser.post('/hub/admin/actions', { act: 'stop-all', confirmed: 'yes' });
    for (const user of users) expect(admin.status(user, '').ready).toBe(false);
    expect(admin.status(bob, 'gpu').ready).toBe(false);
  });

  it('deletes a named server', async () => {
    await hub.store.spawners.create({ userId: bob.id, name: 'gpu' as never, displayName: 'GPU' });
    expect(actsIn(await text('/hub/admin?name_filter=bob'))).toContain('delete-server/bob/gpu');
    const run = { act: 'run', verb: 'delete-server', target: 'bob/gpu', confirmed: 'yes' };
    expect((await browser.post('/hub/admin/actions', run)).statusCode).toBe(303);
    expect(await hub.store.spawners.find(bob.id, 'gpu')).toBeUndefined();
  });

  it.each(['', 'explode/bob/', 'start/', 'start/a/b/c', 'start/%zz/', 'run'])(
    'refuses a form that says %j',
    async (act) => {
      expect((await browser.post('/hub/admin/actions', { act })).statusCode).toBe(400);
    },
  );
});

describe('users', () => {
  it('are added, many at once, and what is refused keeps what was typed', async () => {
    const answer = await browser.post('/hub/admin/users', {
      names: 'carol, dave\r\n Eve;dave',
      admin: 'yes',
    });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/hub/admin?sort=-id']);
    expect((await hub.user('eve')).admin).toBe(true);
    const refused = await browser.post('/hub/admin/users', { names: 'fine\nno/good' });
    expect(refused.statusCode).toBe(400);
    expect(refused.body).toContain('Invalid username: no/good');
    expect(refused.body).toContain('fine\nno/good');
    expect(await hub.store.users.byName('fine')).toBeUndefined();
    expect((await browser.post('/hub/admin/users', { names: ' ' })).body).toContain(
      'Must specify at least one',
    );
  });

  it('are renamed and made administrators, and refusals stand beside the form', async () => {
    const renamed = await browser.post('/hub/admin/users/bob', { name: 'Robert', admin: 'yes' });
    expect(renamed.headers.location).toBe('/hub/admin/users/robert');
    expect((await hub.user('robert')).admin).toBe(true);
    const taken = await browser.post('/hub/admin/users/robert', { name: 'root', admin: 'yes' });
    expect(taken.statusCode).toBe(400);
    expect(taken.body).toContain('User root already exists');
    expect(taken.body).toContain('id="account-problem"');
    expect((await browser.post('/hub/admin/users/robert', { name: 'robert' })).statusCode).toBe(303);
    expect((await hub.user('robert')).admin).toBe(false);
  });

  it('with a running server keep their name, and are told so beside the form', async () => {
    await admin.run(await hub.user('bob'));
    const refused = await browser.post('/hub/admin/users/bob', { name: 'robert', admin: 'yes' });
    expect(refused.statusCode).toBe(400);
    expect(refused.body).toContain('id="account-problem"');
    expect(refused.body).toContain('bob has active servers.');
    expect(await hub.user('bob')).toMatchObject({ admin: false });
    expect((await browser.post('/hub/admin/users/bob', { name: 'bob', admin: 'yes' })).statusCode).toBe(303);
    expect(await hub.user('bob')).toMatchObject({ admin: true });
  });

  it('join and leave groups', async () => {
    await hub.store.groups.create('class');
    await browser.post('/hub/admin/users/bob', { join: 'class' });
    expect(await hub.store.groups.isMember('bob', 'class')).toBe(true);
    const refused = await browser.post('/hub/admin/users/bob', { join: 'none' });
    expect(refused.statusCode).toBe(404);
    expect(refused.body).toContain('No such group: none');
    await browser.post('/hub/admin/users/bob', { leave: 'class' });
    expect(await hub.store.groups.isMember('bob', 'class')).toBe(false);
  });
});

describe('groups', () => {
  it('are made, listed with their sizes, changed and deleted', async () => {
    const made = await browser.post('/hub/admin/groups', { name: 'a b', names: 'bob' });
    expect(made.headers.location).toBe('/hub/admin/groups/a%20b');
    expect(await text('/hub/admin/groups')).toMatch(/a b<\/a><\/th><td>1<\/td>/);
    expect((await browser.post('/hub/admin/groups', { name: 'a b' })).body).toContain(
      'Group a b already exists',
    );
    const url = '/hub/admin/groups/a%20b';
    await browser.post(url, { act: 'properties', properties: '{"limit": 3}' });
    expect((await hub.store.groups.byName('a b'))?.properties).toEqual({ limit: 3 });
    const bad = await browser.post(url, { act: 'properties', properties: '{"limit"' });
    expect(bad.body).toContain('This is no JSON');
    expect(bad.body).toContain('{&quot;limit&quot;');
    expect((await browser.post(url, { act: 'add', names: 'nobody' })).body).toContain('No such user: nobody');
    await browser.post(url, { act: 'remove', user: 'bob' });
    expect(await hub.store.groups.isMember('bob', 'a b')).toBe(false);
    expect(await text(`${url}?confirm=delete`)).toContain('Delete the group a b?');
    const gone = await browser.post(url, { act: 'delete' });
    expect(gone.headers.location).toBe('/hub/admin/groups');
    expect((await browser.get(url)).statusCode).toBe(404);
  });
});

describe('the hub', () => {
  it('is shut down after a question, as asked', async () => {
    expect(await text('/hub/admin/shutdown')).toContain('Shut down the hub?');
    expect(admin.shutdowns).toEqual([]);
    const answer = await browser.post('/hub/admin/shutdown', { servers: 'leave', proxy: '' });
    expect(answer.body).toContain('shutting down');
    expect(admin.shutdowns).toEqual([{ servers: false }]);
  });
});
