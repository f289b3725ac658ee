import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HAS_PYTHON } from '../../../test/support/python.js';
import { StartupFault } from '../../fault.js';
import { packageRoot } from '../../package-root.js';
import type { Sections } from '../recorder.js';
import { explainFault } from './explain.js';
import { type PythonConfig, readPythonConfig } from './index.js';

/** Configurations as people write them, each to load or to fail with the promised words. */
const FOLDER = join(packageRoot(), 'test/python-config');
const ENV = {
  ...process.env,
  PYTHONDONTWRITEBYTECODE: '1',
  OAUTH_CALLBACK_URL: 'https://hub.example.org/hub/oauth_callback',
  GITHUB_CLIENT_ID: 'an-id',
  GITHUB_CLIENT_SECRET: 'a-github-secret',
  DB_PASS_WORD: 'a-database-secret',
  PROXY_API_SERVICE_HOST: '10.0.0.7',
  PROXY_API_SERVICE_PORT: '8001',
  COURSE_NAME: 'bio',
  COURSE_TOKEN: 'a-course-secret',
};

const ONLY_STDLIB = { ...ENV, PYTHONPATH: join(FOLDER, 'only-stdlib') };

function read(name: string, env: typeof ENV = ONLY_STDLIB): Promise<PythonConfig> {
  return readPythonConfig(join(FOLDER, `${name}.py`), { cwd: FOLDER, env });
}

async function faultsOf(name: string): Promise<readonly string[]> {
  try {
    const { unkept } = await read(name);
    return unkept.map((fault) => explainFault(fault, name));
  } catch (error) {
    if (error instanceof StartupFault) return error.faults;
    throw error;
  }
}

/** By class and trait: the value, or the lazy operations. */
function tree(sections: Sections): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    [...sections].map(([name, traits]) => [
      name,
      Object.fromEntries(
        [...traits].map(([trait, [setting]]) => [
          trait,
          setting?.kind === 'value'
            ? setting.value
            : setting?.kind === 'lazy'
              ? setting.operations
              : undefined,
        ]),
      ),
    ]),
  );
}

describe.skipIf(!HAS_PYTHON)('configurations that are data', () => {
  it("The Littlest JupyterHub's: other files beside it, sets and lists they add to", async () => {
    const { sections, unkept, notes } = await read('tljh/jupyterhub_config');
    expect(unkept).toEqual([]);
    expect(tree(sections)).toEqual({
      JupyterHub: {
        bind_url: 'http://127.0.0.1:15001',
        cleanup_servers: false,
        hub_port: 15003,
        proxy_class: 'jupyterhub_traefik_proxy.TraefikFileProviderProxy',
        authenticator_class: 'firstuseauthenticator.FirstUseAuthenticator',
      },
      TraefikFileProviderProxy: { dynamic_config_file: '/opt/tljh/state/rules/rules.toml' },
      Authenticator: { admin_users: new Set(['root-admin', 'second-admin']) },
      Spawner: {
        cmd: ['/opt/tljh/user/bin/jupyterhub-singleuser'],
        environment: { PATH_OF_USERS: '/usr/local/bin', COURSE: 'bio-101' },
        env_keep: [{ op: 'extend', value: ['COURSE_DATA'] }],
      },
      SystemdSpawner: {
        extra_paths: ['/opt/tljh/user/bin', '/srv/bin'],
        default_shell: '/bin/bash',
        unit_name_template: 'jupyter-{USERNAME}',
        mem_limit: '2G',
      },
    });
    const limits = join(FOLDER, 'tljh/jupyterhub_config.d/10-limits.py');
    expect(sections.get('SystemdSpawner')?.get('mem_limit')?.[0]?.source).toBe(`${limits}:1`);
    expect(sections.get('JupyterHub')?.get('hub_port')?.[0]?.source).toBe(`${limits}:3`);
    expect(notes).toContain('load_subconfig: there is no /nowhere/at/all.py');
  });

  it("GitHub's sign-in: classes of packages that are not installed, octets, sets", async () => {
    const { sections, warnings } = await read('github_oauth');
    expect(warnings).toEqual([]);
    expect(tree(sections)).toEqual({
      JupyterHub: { authenticator_class: 'oauthenticator.github.GitHubOAuthenticator' },
      GitHubOAuthenticator: {
        oauth_callback_url: ENV.OAUTH_CALLBACK_URL,
        client_id: 'an-id',
        client_secret: 'a-github-secret',
        allowed_organizations: new Set(['example:teachers', 'jupyter']),
        scope: ['read:org', 'user:email'],
      },
      OAuthenticator: { allow_all: false },
      Authenticator: { admin_users: new Set(['ann', 'bob']), enable_auth_state: true },
      CryptKeeper: { keys: [new Uint8Array(32).map((_octet, index) => (index % 2 === 0 ? 0 : 255))] },
    });
  });

  it("LDAP's: tuples, frozen sets, None, raw texts", async () => {
    const { sections } = await read('ldap');
    expect(tree(sections)).toMatchObject({
      LDAPAuthenticator: {
        server_port: 636,
        bind_dn_template: ['uid={username},ou=people,dc=example,dc=org', expect.any(String)],
        valid_username_regex: '^[a-z][.a-z0-9_-]*$',
        allowed_groups: ['cn=scientists,ou=groups,dc=example,dc=org'],
        attributes: ['uid', 'mail'],
      },
      Authenticator: { blocked_users: new Set(['root']), delete_invalid_users: null },
    });
  });

  it("dockerspawner's", async () => {
    expect(tree((await read('docker')).sections)).toMatchObject({
      JupyterHub: {
        spawner_class: 'dockerspawner.DockerSpawner',
        db_url: 'postgresql://hub:a-database-secret@db/hub',
      },
      DockerSpawner: {
        extra_host_config: {
          network_mode: 'hub-net',
          runtime: 'nvidia',
          ulimits: [{ Name: 'nofile', Soft: 1024 }],
        },
        volumes: { '/srv/shared': { bind: '/home/jovyan/shared', mode: 'ro' } },
        mem_limit: '2G',
        cpu_limit: 1.5,
      },
      Spawner: { cmd: 'jupyterhub-singleuser' },
    });
  });

  it('services with sys.executable, roles and groups', async () => {
    const { sections } = await read('services');
    const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
    expect(tree(sections)['JupyterHub']).toMatchObject({
      services: [
        { command: [python.stdout.trim(), '-m', 'jupyterhub_idle_culler', '--timeout=3600'] },
        { name: 'whoami', environment: { PORT: 10101 } },
      ],
      load_roles: [
        { name: 'jupyterhub-idle-culler-role' },
        { scopes: ['admin-ui', 'admin:servers!group=bio', 'admin:servers!group=chem'] },
      ],
      load_groups: { bio: { properties: { quota: 5 } }, chem: { users: [] }, late: { users: ['zoe'] } },
    });
  });

  it('variables, commands and files; what it printed goes to the notes, without secrets', async () => {
    const { sections, notes } = await read('environment');
    expect(tree(sections)).toMatchObject({
      JupyterHub: {
        bind_url: 'http://:8000',
        db_url: `sqlite:///${FOLDER}/hub.sqlite`,
        shutdown_on_logout: true,
        init_spawners_timeout: 20,
      },
      Spawner: {
        default_url: '/lab',
        environment: { COURSE_NAME: 'bio', COURSE_TOKEN: 'a-course-secret' },
        notebook_dir: join(FOLDER, 'notebooks'),
        mem_limit: '8G',
        cmd: ['jupyterhub-singleuser'],
      },
    });
    expect(notes.join('\n')).toMatch(/environment\.py printed: configured by 3\./);
    expect(notes.join('\n')).toContain('printed: a secret in passing: [secret]');
    expect(notes.join('\n')).not.toContain('a-course-secret');
  });

  it('additions to defaults, in the order in which traitlets applies them', async () => {
    expect(tree((await read('lazy')).sections)).toEqual({
      Spawner: {
        env_keep: [
          { op: 'insert', index: 1, value: 'SECOND' },
          { op: 'insert', index: 0, value: 'ZEROTH' },
          { op: 'prepend', value: ['FIRST'] },
          { op: 'extend', value: ['LATE', 'LATER', 'LAST'] },
        ],
        environment: [{ op: 'update', value: { A: '1', B: '3' } }],
        args: ['--debug', '--allow-root'],
      },
      Authenticator: { admin_users: [{ op: 'update', value: new Set(['ann', 'bob', 'cy']) }] },
      JupyterHub: {
        template_paths: [{ op: 'insert', index: 0, value: '/srv/templates' }],
        template_vars: {},
      },
      SimpleLocalProcessSpawner: { home_dir_template: '/srv/{username}' },
      LocalProcessSpawner: { popen_kwargs: [{ op: 'update', value: { umask: 0o27 } }] },
    });
  });

  it("the documentation's, with the line of each setting", async () => {
    const { sections } = await read('documentation');
    expect(tree(sections)['JupyterHub']).toMatchObject({
      authenticator_class: 'jupyterhub.auth.DummyAuthenticator',
      cookie_secret: new Uint8Array(Buffer.from('0001feff'.repeat(8), 'hex')),
      template_vars: { announcement_login: 'Sign in with your "course" name, it\'s short' },
    });
    expect(sections.get('JupyterHub')?.get('bind_url')?.[0]?.source).toBe(
      `${join(FOLDER, 'documentation.py')}:11`,
    );
  });

  it("Zero to JupyterHub's: says which package it lacks", async () => {
    expect(await faultsOf('z2jh/jupyterhub_config')).toEqual([
      expect.stringMatching(
        /z2jh\/jupyterhub_config\.py:13: ModuleNotFoundError: No module named 'yaml' \(raised at .*chart_values\.py:4\); .*install the package there/,
      ),
    ]);
  });

  const hasYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;
  it.skipIf(!hasYaml)("Zero to JupyterHub's: values of a chart, where python3 has PyYAML", async () => {
    const hasTornado = spawnSync('python3', ['-c', 'import tornado']).status === 0;
    const { sections, warnings } = await read('z2jh/jupyterhub_config', ENV);
    expect(tree(sections)).toMatchObject({
      JupyterHub: {
        spawner_class: 'kubespawner.KubeSpawner',
        base_url: '/jupyter/',
        concurrent_spawn_limit: 64,
        services: [{ name: 'announcer', url: 'http://announcer:8000' }],
        authenticator_class: 'dummy',
      },
      ConfigurableHTTPProxy: { api_url: 'http://10.0.0.7:8001', should_start: false },
      KubeSpawner: {
        extra_labels: [{ op: 'update', value: { 'hub.jupyter.org/network-access-hub': 'true' } }],
        volumes: [{ name: 'home', persistentVolumeClaim: { claimName: 'claim-{username}' } }],
      },
      DummyAuthenticator: { password: 'a-chart-secret' },
    });
    expect(tree(sections)['JupyterHub']).not.toHaveProperty('active_server_limit');
    if (!hasTornado) {
      expect(warnings).toEqual([
        expect.stringMatching(/:20: tornado\.httpclient\.AsyncHTTPClient\.configure\(\) was not run: /),
      ]);
    }
  });
});

describe.skipIf(!HAS_PYTHON)('configurations that are more than data', () => {
  it('functions: each by trait, file and line, with its form in a module, all at once', async () => {
    const faults = await faultsOf('hooks');
    const path = join(FOLDER, 'hooks.py');
    const said = (line: number, trait: string, what: string, form: string): string =>
      `${path}:${line}: ${trait} is ${what}, and functions of Python do not run here; write it in jupyterhub_config.mjs as ${form} (anteroom config convert makes that file from this one)`;
    expect(faults).toEqual([
      said(
        38,
        'c.Spawner.pre_spawn_hook',
        'the function make_home (line 11)',
        'c.Spawner.pre_spawn_hook = async (spawner) => { … }',
      ),
      expect.stringContaining(':39: c.Spawner.post_stop_hook is the function clean_up (line 18)'),
      said(
        40,
        'c.Authenticator.post_auth_hook',
        'the function only_students (line 23)',
        'c.Authenticator.post_auth_hook = async (authenticator, handler, model) => model',
      ),
      expect.stringContaining(':41: c.Spawner.options_form is the function form (line 27)'),
      expect.stringContaining(':42: c.Spawner.environment["NAME"] is a lambda'),
      expect.stringContaining(':42: c.Spawner.environment["TERM"] is a lambda'),
      expect.stringContaining(
        ':43: c.JupyterHub.named_server_limit_per_user is an object of the class Limit, which is called like a function',
      ),
      expect.stringContaining(':44: c.KubeSpawner.modify_pod_hook is a lambda'),
    ]);
  });

  it('classes of its own', async () => {
    expect(await faultsOf('custom_spawner')).toEqual([
      expect.stringMatching(
        /custom_spawner\.py:24: c\.JupyterHub\.spawner_class is the Python class CourseSpawner, and classes of Python do not run here; .*'package#Export' in jupyterhub_config\.mjs/,
      ),
      expect.stringMatching(/:26: c\.JupyterHub\.authenticator_class is the Python class AskTheDatabase/),
    ]);
  });

  it('a package that configures, and is not installed', async () => {
    expect(await faultsOf('tljh_plugins')).toEqual([
      expect.stringMatching(
        /tljh_plugins\.py:7: tljh\.configurer\.apply_config\(\) was not run: the package tljh is not installed for python3, so what it would set on c is not known/,
      ),
      expect.stringMatching(/:9: .*tljh_custom_jupyterhub_config\(\) was not run/),
    ]);
  });
});
