import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../core/package-root.js';
import { SpawnerClass } from '../core/plugin/spawner-traits.js';
import { browserUrl, hubAddresses } from '../hub/addresses.js';
import { AnteroomClass, CryptKeeperClass, JupyterHubClass } from '../hub/config.js';
import { ConfigurableHTTPProxyClass } from '../proxy/client/traits.js';
import { SimpleLocalProcessSpawnerClass } from '../spawners/simple/traits.js';
import { HAS_PYTHON } from '../test/support/python.js';
import { SLOTS } from './builtins.js';
import { choose } from './plugins.js';
import { type Outcome, runCli } from './testing/terminal.js';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'anteroom-cli-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const DUMMY = '--JupyterHub.authenticator_class=dummy';
const SIMPLE = '--JupyterHub.spawner_class=simple';

function config(name: string, text: string | object): void {
  writeFileSync(join(cwd, name), typeof text === 'string' ? text : JSON.stringify(text));
}

function anteroom(...argv: string[]): Promise<Outcome> {
  return runCli(argv, { cwd });
}

describe('what needs no configuration', () => {
  it('shows its version, its help and all settings', async () => {
    expect((await anteroom('--version')).out).toMatch(
      /^anteroom \d+\.\d+\.\d+ \(speaks JupyterHub 6\.1\.1\)\n$/,
    );
    expect((await anteroom('--help')).out).toContain('anteroom token');
    const all = await anteroom('--help-all');
    expect(all.out).toContain('--SimpleLocalProcessSpawner.home_dir_template=<Unicode>');
    expect(all.out).toContain('--Anteroom.password_file=<Unicode>');
    expect(all.out).toContain('--JupyterHub.load_groups=<key>=<value>...');
    expect(all.code).toBe(0);
  });
});

describe('plug-ins that come with us', () => {
  it.each([
    ...['localprocess', 'simple', 'dummy', 'shared-password', 'null'],
    ...['auth0', 'bitbucket', 'cilogon', 'local-auth0', 'local-azuread', 'local-bitbucket', 'local-cilogon'],
    ...['local-generic-oauth', 'local-github', 'local-gitlab', 'local-google', 'local-openshift'],
    'oauthenticator.github.LocalGitHubOAuthenticator',
  ])('%s can be loaded by its name', async (name) => {
    const slot = Object.values(SLOTS).find(({ builtins }) =>
      builtins.some(({ declaration }) => declaration.aliases.includes(name)),
    );
    const chosen = slot && (await choose<unknown>(slot, name, cwd));
    if (chosen === undefined || typeof chosen === 'string') expect.fail(chosen ?? 'no slot');
    const kind = (await chosen.load()) as { readonly className: string; readonly create: unknown };
    expect(chosen.declaration.aliases).toContain(kind.className);
    expect(kind.create).toBeInstanceOf(Function);
  });
});

describe('a start', () => {
  it("without a configuration takes JupyterHub's defaults: PAM and local processes", async () => {
    const { code, err, started } = await anteroom();
    expect(code, err).toBe(0);
    const { authenticator, spawner } = started?.loaded.config.selected ?? {};
    expect([authenticator?.name, spawner?.name]).toEqual(['PAMAuthenticator', 'LocalProcessSpawner']);
  });

  it('refuses an authenticator that is not built, with the line to write', async () => {
    const { code, err, started } = await anteroom('--JupyterHub.authenticator_class=tmp');
    expect(code).toBe(1);
    expect(started).toBeUndefined();
    expect(err).toContain("write c.JupyterHub.authenticator_class = 'shared-password'");
  });

  it.each([
    ['globus', 'c.GenericOAuthenticator.issuer'],
    ['oauthenticator.globus.LocalGlobusOAuthenticator', "'local-generic-oauth'"],
    ['jhub_remote_user_authenticator.remote_user_auth.RemoteUserAuthenticator', "'header'"],
    ['ltiauthenticator.LTIAuthenticator', 'OpenID Connect'],
    ['ldapauthenticator.LDAPAuthenticator', "'pam'"],
    ['local-globus', "'local-generic-oauth'"],
    ['oauthenticator.mediawiki.MWOAuthenticator', 'rest.php/oauth2'],
    ['okpy', "'generic-oauth'"],
  ])('refuses %s, and names the way by another class', async (name, way) => {
    const { code, err } = await anteroom(`--JupyterHub.authenticator_class=${name}`);
    expect(code).toBe(1);
    expect(err).toContain(way);
  });

  it.each([
    ['dockerspawner.SwarmSpawner', "'kubespawner'"],
    ['dockerspawner.systemuserspawner.SystemUserSpawner', "'kubespawner'"],
    ['batchspawner.SlurmSpawner', 'docs/writing-a-spawner.md'],
    ['wrapspawner.ProfilesSpawner', 'profile_list'],
    ['systemd', "'localprocess'"],
    ['tljh.user_creating_spawner.UserCreatingSpawner', 'create_system_users'],
  ])('refuses the spawner %s as one that is known, and names a way', async (name, way) => {
    const { code, err } = await anteroom(DUMMY, `--JupyterHub.spawner_class=${name}`);
    expect(code).toBe(1);
    expect(err).toContain(`${name} is not built yet; write `);
    expect(err).toContain(way);
  });

  it.each([
    ['oauthenticator.GitHubOAuthenticator', 'GitHubOAuthenticator'],
    ['oauthenticator.LocalGoogleOAuthenticator', 'LocalGoogleOAuthenticator'],
  ])('knows %s, which OAuthenticator exports beside its modules', async (name, expected) => {
    config('jupyterhub_config.json', {
      JupyterHub: { authenticator_class: name },
      OAuthenticator: {
        client_id: 'x',
        client_secret: 'y',
        oauth_callback_url: 'https://hub.test/hub/oauth_callback',
      },
    });
    const { code, err, started } = await anteroom();
    expect(code, err).toBe(0);
    expect(started?.loaded.config.selected.authenticator.name).toBe(expected);
  });

  it('names a class by where it is, when it was looked for in another module', async () => {
    const { err } = await anteroom('--JupyterHub.authenticator_class=dummyauthenticator.DummyAuthenticator');
    expect(err).toBe(
      'anteroom: c.JupyterHub.authenticator_class (command line (--JupyterHub.authenticator_class)): there is no dummyauthenticator.DummyAuthenticator; did you mean dummy?\n',
    );
  });

  it("takes JupyterHub's admin_access, which servers are told of", async () => {
    config('jupyterhub_config.json', {
      JupyterHub: { authenticator_class: 'dummy', admin_access: true },
    });
    const { code, err, started } = await anteroom();
    expect(code, err).toBe(0);
    expect(started?.loaded.config.of(JupyterHubClass).admin_access).toBe(true);
    expect(err).toContain('c.JupyterHub.admin_access is deprecated since JupyterHub 2.0');
  });

  it.skipIf(!HAS_PYTHON)(
    'tells beside what cannot be kept of a Python file all else that is wrong by itself',
    async () => {
      config(
        'jupyterhub_config.py',
        [
          "c.JupyterHub.spawner_class = 'docker'",
          "c.JupyterHub.authenticator_class = 'native'",
          'c.Spawner.pre_spawn_hook = lambda spawner: None',
          "c.Spawner.start_timeout = 'long'",
          'c.JupyterHub.internal_ssl = True',
        ].join('\n'),
      );
      const { code, err } = await runCli([], { cwd, env: { PATH: process.env['PATH'] ?? '' } });
      expect(code).toBe(1);
      expect(err).toMatch(/jupyterhub_config\.py:3: c\.Spawner\.pre_spawn_hook is a lambda/);
      expect(err).toMatch(/c\.JupyterHub\.spawner_class \(.*\.py:1\): docker is not built yet/);
      expect(err).toMatch(/c\.JupyterHub\.authenticator_class \(.*\.py:2\): native is not built yet/);
      expect(err).toMatch(/c\.Spawner\.start_timeout \(.*jupyterhub_config\.py:4\): expected a whole number/);
      expect(err).toMatch(/c\.JupyterHub\.internal_ssl \(.*\.py:5\): TLS/);
      expect(err.trim().split('\n')).toHaveLength(5);
    },
  );

  it("refuses routes beside the hub's that fit no host, and all other faults of addresses at once", async () => {
    const routes = { '/docs/': 'http://127.0.0.1:1', 'x.test/': 'nowhere' };
    const common = { authenticator_class: 'dummy', spawner_class: 'simple' };
    config('jupyterhub_config.json', {
      JupyterHub: { ...common, subdomain_host: 'https://192.0.2.1', subdomain_hook: 'other', ssl_key: 'k' },
      Proxy: { extra_routes: routes },
    });
    const { code, err } = await anteroom();
    expect(code).toBe(1);
    expect(err).toContain(
      "/docs/ needs its host in front beside subdomain_host, e.g. 'hub.example.org/docs/'",
    );
    expect(err).toContain('x.test/ leads to nowhere, which is no URL');
    expect(err).toMatch(/subdomain_host: is the address 192.0.2.1/);
    expect(err).toMatch(/subdomain_hook: must be 'idna', 'legacy' or a function/);
    expect(err).toMatch(/ssl_cert: is missing beside ssl_key/);
    config('jupyterhub_config.json', {
      JupyterHub: common,
      Proxy: { extra_routes: { 'x.test/': 'http://x' } },
    });
    expect((await anteroom()).err).toContain('x.test/ must begin with a slash');
  });

  it('refuses https without a certificate, unless others start the proxy, where TLS may end', async () => {
    const common = { authenticator_class: 'dummy', spawner_class: 'simple', bind_url: 'https://:8100' };
    config('jupyterhub_config.json', { JupyterHub: { ...common, cookie_secret_file: 5 } });
    const refused = await anteroom();
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(
      `anteroom: c.JupyterHub.bind_url (${join(cwd, 'jupyterhub_config.json')}): is https without a certificate; set c.JupyterHub.ssl_cert and ssl_key`,
    );
    expect(refused.err).toContain('cookie_secret_file');
    config('jupyterhub_config.json', { JupyterHub: common, Proxy: { should_start: false } });
    const { code, err, started } = await anteroom();
    expect(code, err).toBe(0);
    expect(started && browserUrl(hubAddresses(started.loaded.config.of(JupyterHubClass)))).toBe(
      'https://localhost:8100/',
    );
    config('jupyterhub_config.json', {
      JupyterHub: { ...common, bind_url: 'http://127.0.0.1:8100', public_url: 'https://hub.example/' },
    });
    expect((await anteroom()).code).toBe(0);
  });

  it('says of a secret that is undefined that it is not set', async () => {
    config(
      'jupyterhub_config.mjs',
      `export default (c) => {
      c.JupyterHub.authenticator_class = 'generic-oauth';
      c.GenericOAuthenticator.client_secret = process.env.NO_SUCH_VARIABLE;
    };`,
    );
    const { code, err } = await anteroom(SIMPLE);
    expect(code).toBe(1);
    expect(err).toMatch(
      /client_secret \(.*jupyterhub_config\.mjs:3\): is not set; is the environment variable missing\?$/m,
    );
  });

  it('hands over values from file and flags, the flags stronger', async () => {
    config('jupyterhub_config.json', {
      JupyterHub: {
        authenticator_class: 'dummy',
        spawner_class: 'jupyterhub.spawner.SimpleLocalProcessSpawner',
        port: 9000,
      },
      Spawner: { start_timeout: 5, args: ['a'], mem_limit: '1G' },
      SimpleLocalProcessSpawner: { start_timeout: 7 },
    });
    const { code, err, started } = await anteroom(
      '--port',
      '9001',
      '--Spawner.args=x',
      '--Spawner.args',
      'y',
      '--debug',
      '--Spawner.environment',
      'A=1',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { config: loaded } = started?.loaded ?? expect.fail('not started');
    expect(loaded.of(JupyterHubClass)).toMatchObject({
      port: 9001,
      bind_url: 'http://:9001/',
      log_level: 10,
    });
    expect(loaded.selected.spawner).toBe(SimpleLocalProcessSpawnerClass);
    expect(loaded.of(SimpleLocalProcessSpawnerClass)).toMatchObject({
      start_timeout: 7,
      args: ['x', 'y'],
      mem_limit: 1024 ** 3,
      environment: { A: '1' },
    });
    expect(loaded.of(SpawnerClass).start_timeout).toBe(5);
    expect(loaded.isSet(SimpleLocalProcessSpawnerClass, 'args')).toBe(true);
    expect(loaded.isSet(SimpleLocalProcessSpawnerClass, 'cmd')).toBe(false);
    expect(loaded.file?.kind).toBe('json');
  });

  it('tells all faults at once, each with class, setting, source and a way out', async () => {
    config(
      'jupyterhub_config.mjs',
      `export default (c) => {
      c.JupyterHub.authenticator_class = 'dumy';
      c.JupyterHub.bind_ulr = 'x';
      c.Spawner.start_timeout = 'long';
      c.Spawner.home_dir_template = '/x';
      c.JupyterHub.allowed_users = ['ann'];
      c.Spwaner.cmd = ['x'];
      c.SharedPasswordAuthenticator.user_password = 12345678;
      c.JupyterHub.internal_ssl = true;
    };`,
    );
    const { code, err } = await anteroom('--Anteroom.allow_shared_uid=maybe', '--nonsense', SIMPLE);
    expect(code).toBe(1);
    for (const part of [
      /c\.JupyterHub\.authenticator_class \(.*jupyterhub_config\.mjs:2\): there is no dumy; did you mean dummy\?/,
      /c\.JupyterHub\.bind_ulr \(.*jupyterhub_config\.mjs:3\): .*did you mean c\.JupyterHub\.bind_url\?/,
      /c\.Spawner\.start_timeout \(.*jupyterhub_config\.mjs:4\): expected a whole number, got "long"/,
      /c\.Spawner\.home_dir_template .*it is a setting of c\.SimpleLocalProcessSpawner\.home_dir_template/,
      /c\.JupyterHub\.allowed_users .*it is a setting of c\.Authenticator\.allowed_users/,
      /there is no class Spwaner; did you mean c\.Spawner\?/,
      /c\.SharedPasswordAuthenticator\.user_password .*not shown/,
      /c\.JupyterHub\.internal_ssl \(.*jupyterhub_config\.mjs:9\): TLS .* not built yet/,
      /c\.Anteroom\.allow_shared_uid .*expected true, false, 1 or 0/,
      /--nonsense is not an option/,
    ]) {
      expect(err).toMatch(part);
    }
    expect(err).not.toContain('12345678');
    expect(err.trim().split('\n')).toHaveLength(10);
  });

  it.each([
    ['--prot=9000', '--prot is not an option; did you mean --port?'],
    ['-port=9000', '-port is not an option; did you mean --port?'],
    ['--f=x', '--f is not an option; did you mean -f?'],
    ['--upgrade-bd', '--upgrade-bd is not an option; did you mean --upgrade-db?'],
    ['--nonsense', '--nonsense is not an option; --help lists them'],
    ['-q', '-q is not an option; --help lists them'],
  ])('says of %s what was meant, where something is near', async (option, words) => {
    const { code, err } = await anteroom(option, SIMPLE);
    expect(code).toBe(1);
    expect(err).toContain(words);
  });

  it('lets unknown classes pass only when asked to', async () => {
    config('jupyterhub_config.json', { JupyterHub: { authenticator_class: 'dummy' }, MyThing: { x: 1 } });
    expect((await anteroom()).err).toContain('there is no class MyThing');
    const passed = await anteroom('--allow-unknown-classes');
    expect(passed.code).toBe(0);
    expect(passed.err).toContain('c.MyThing has no effect');
  });

  it('warns once about a known class that is not built', async () => {
    config('jupyterhub_config.json', {
      JupyterHub: { authenticator_class: 'dummy' },
      DockerSpawner: { image: 'x', remove: true },
    });
    const { code, err } = await anteroom();
    expect(code).toBe(0);
    expect(err.match(/DockerSpawner/g)).toHaveLength(1);
  });

  it('moves deprecated names to the new ones, with a warning', async () => {
    config('jupyterhub_config.json', {
      JupyterHub: {
        authenticator_class: 'dummy',
        admin_users: ['ann'],
        proxy_api_port: 9100,
        proxy_cmd: 'anteroom-proxy',
        port: 9099,
      },
      DummyAuthenticator: { whitelist: ['bob'] },
    });
    const { err, started } = await anteroom();
    const { config: loaded } = started?.loaded ?? expect.fail(err);
    expect(loaded.of(loaded.selected.authenticator)).toMatchObject({
      admin_users: new Set(['ann']),
      allowed_users: new Set(['bob']),
      allow_all: false,
      allow_existing_users: true,
    });
    expect(loaded.of(ConfigurableHTTPProxyClass)).toMatchObject({
      api_url: 'http://127.0.0.1:9100',
      command: ['anteroom-proxy'],
    });
    expect(err).toContain(
      'c.JupyterHub.admin_users is deprecated since JupyterHub 0.7.2; use Authenticator.admin_users',
    );
  });

  it.skipIf(!HAS_PYTHON)('does to its own environment what a Python file did to it', async () => {
    config(
      'jupyterhub_config.py',
      "import os\nos.environ['CONFIGPROXY_AUTH_TOKEN'] = 'of the file'\ndel os.environ['PROXY']\nc.JupyterHub.authenticator_class = 'dummy'",
    );
    const env = { PATH: process.env['PATH'] ?? '', CONFIGPROXY_AUTH_TOKEN: 'of the hub', PROXY: 'http://p' };
    const { err, started } = await runCli([], { cwd, env });
    const { loaded, terminal } = started ?? expect.fail(err);
    expect(loaded.config.of(ConfigurableHTTPProxyClass).auth_token).toBe('of the file');
    expect(terminal.env).toMatchObject({ CONFIGPROXY_AUTH_TOKEN: 'of the file', PROXY: undefined });
  });

  it('reads what JupyterHub reads from the environment, below the file', async () => {
    const key = Buffer.alloc(32, 7);
    const env = {
      CONFIGPROXY_AUTH_TOKEN: 'fromenv',
      JUPYTERHUB_CRYPT_KEY: `${key.toString('hex')};${key.toString('base64')}`,
    };
    const { started } = await runCli([DUMMY], { cwd, env });
    const { config: loaded } = started?.loaded ?? expect.fail('not started');
    expect(loaded.of(ConfigurableHTTPProxyClass).auth_token).toBe('fromenv');
    expect(loaded.of(CryptKeeperClass).keys.map((each) => Buffer.from(each))).toEqual([key, key]);
    const other = await runCli([DUMMY, '--ConfigurableHTTPProxy.auth_token=flag'], { cwd, env });
    expect(other.started?.loaded.config.of(ConfigurableHTTPProxyClass).auth_token).toBe('flag');
  });

  it('refuses a password file beside plain passwords, and without its authenticator', async () => {
    const file = '--Anteroom.password_file=p.json';
    const shared = '--JupyterHub.authenticator_class=shared-password';
    expect((await anteroom(DUMMY, file)).err).toContain('only the authenticator');
    const both = await anteroom(shared, file, '--SharedPasswordAuthenticator.user_password=12345678');
    expect(both.err).toContain('is set beside c.Anteroom.password_file');
    expect((await anteroom(shared, file)).code).toBe(0);
  });

  it('wants to hear whether idle servers are culled where the culler is set up', async () => {
    const timeout = '--Anteroom.cull_timeout=60';
    const silent = await anteroom(DUMMY, timeout);
    expect(silent.code).not.toBe(0);
    expect(silent.err).toContain('c.Anteroom.cull_timeout: does nothing unless c.Anteroom.cull_enabled');
    for (const said of ['True', 'False'])
      expect((await anteroom(DUMMY, timeout, `--Anteroom.cull_enabled=${said}`)).err).toBe('');
  });

  it('runs with the shipped quickstart configuration', async () => {
    const file = join(packageRoot(), 'quickstart.config.mjs');
    const { code, err, started } = await anteroom('-f', file, '--reset-passwords');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { config: loaded } = started?.loaded ?? expect.fail('not started');
    expect(started?.resetPasswords).toBe(true);
    expect(loaded.of(JupyterHubClass).bind_url).toBe('http://127.0.0.1:8000');
    expect(loaded.of(AnteroomClass)).toMatchObject({ allow_shared_uid: true });
    expect(loaded.of(loaded.selected.authenticator)).toMatchObject({
      allow_all: true,
      admin_users: new Set(['admin']),
    });
  });
});

describe('showing the configuration', () => {
  it('blanks what is secret, wherever it stands', async () => {
    config('jupyterhub_config.json', {
      JupyterHub: {
        authenticator_class: 'shared-password',
        db_url: 'postgresql://hub:hush1@db/hub',
        cookie_secret: 'ab'.repeat(32),
        services: [{ name: 's', api_token: 'hush2hush2' }],
        service_tokens: { hush3: 's' },
      },
      SharedPasswordAuthenticator: { user_password: 'hush4hush4' },
      Spawner: { environment: { KEY: 'hush5' } },
      ConfigurableHTTPProxy: { auth_token: 'hush6' },
      KubeSpawner: { environment: { KEY: 'hush7' } },
    });
    for (const flag of ['--show-config', '--show-config-json']) {
      const { out, started } = await anteroom(flag);
      expect(started).toBeUndefined();
      expect(out).toContain('postgresql://hub:***@db/hub');
      expect(out).not.toMatch(/hush|abab/);
      expect(out).toContain('KEY');
    }
    expect(JSON.parse((await anteroom('--show-config-json')).out)).toMatchObject({
      JupyterHub: { authenticator_class: 'shared-password' },
    });
  });

  it('shows a faulty one too, with its faults', async () => {
    const { code, out, err } = await anteroom('--show-config', '--JupyterHub.port=x');
    expect(code).toBe(1);
    expect(out).toContain('.port = ');
    expect(err).toContain('c.JupyterHub.port');
  });
});

describe('writing a configuration', () => {
  it('writes a module that can be read and changes nothing', async () => {
    const { code, out } = await anteroom('--generate-config');
    const path = join(cwd, 'jupyterhub_config.mjs');
    expect({ code, out }).toEqual({ code: 0, out: `Writing default config to: ${path}\n` });
    expect(readFileSync(path, 'utf8')).toContain("// c.JupyterHub.bind_url = 'http://:8000';");
    const started = await anteroom(DUMMY);
    expect(started.code).toBe(0);
    expect(started.started?.loaded.config.tree.size).toBe(1);
  });

  it('asks before it overwrites', async () => {
    config('c.mjs', 'old');
    const read = (): string => readFileSync(join(cwd, 'c.mjs'), 'utf8');
    const refused = await runCli(['--generate-config', '-f', 'c.mjs'], { cwd, answers: ['what', 'n'] });
    expect(refused.out).toMatch(/Overwrite .*c\.mjs with default config\? \[y\/N\]Please answer/);
    await runCli(['--generate-config', '-f', 'c.mjs'], { cwd });
    expect(read()).toBe('old');
    await runCli(['--generate-config', '-f', 'c.mjs'], { cwd, answers: ['yes'] });
    expect(read()).not.toBe('old');
    config('c.mjs', 'old');
    await anteroom('--generate-config', '--config=c.mjs', '-y', 'true');
    expect(read()).not.toBe('old');
  });

  it('refuses a missing directory and another kind of file', async () => {
    expect((await anteroom('--generate-config', '-f', 'none/c.mjs')).err).toContain('does not exist');
    expect((await anteroom('--generate-config', '-f', 'c.json')).err).toContain('as a module');
  });
});

describe('commands beside the hub', () => {
  it('make a token for the user named, or for who asks', async () => {
    expect(await anteroom('token', 'ann', DUMMY)).toMatchObject({ code: 0, out: 'abc\n', users: ['ann'] });
    expect(await anteroom('token', DUMMY)).toMatchObject({ users: ['somebody'] });
    expect(await anteroom('token', 'a', 'b')).toMatchObject({
      code: 1,
      users: [],
      err: expect.stringContaining('exactly one'),
    });
  });

  it('upgrade the database', async () => {
    expect(await anteroom('upgrade-db', DUMMY)).toMatchObject({
      code: 0,
      upgrades: 1,
      out: expect.stringContaining('up to date'),
    });
  });

  it('refuse words that mean nothing', async () => {
    expect(await anteroom('strat')).toMatchObject({
      code: 1,
      err: expect.stringContaining('unexpected strat'),
    });
    expect(await anteroom('--port')).toMatchObject({
      code: 1,
      err: expect.stringContaining('--port needs a value'),
    });
    expect(await anteroom('-y', 'maybe', '--generate-config')).toMatchObject({
      code: 1,
      err: expect.stringContaining('-y'),
    });
  });
});
