import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../core/config/argv.js';
import { systemAccountSettings } from '../hub/system-accounts/index.js';
import { HUB_GRAMMAR } from './grammar.js';
import { loadConfig } from './load-config.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anteroom-local-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(sections: object, name = 'local-github') {
  const config = { JupyterHub: { authenticator_class: name }, ...sections };
  await writeFile(join(folder, 'jupyterhub_config.json'), JSON.stringify(config));
  const given = parseArguments([], HUB_GRAMMAR);
  const loaded = await loadConfig({ arguments: given, env: {}, cwd: folder });
  return { ...loaded, accounts: systemAccountSettings(loaded.config) };
}

describe('local classes of providers', () => {
  it('need an account for everybody, which the class without local does not', async () => {
    expect((await load({})).accounts).toMatchObject({ required: true, create: false });
    expect((await load({}, 'github')).accounts.required).toBe(false);
  });

  it.each([['LocalAuthenticator'], ['LocalGitHubOAuthenticator']])(
    'take settings of accounts from c.%s',
    async (section) => {
      const given = { create_system_users: true, add_user_cmd: ['useradd', '-m'], uids: { ann: 2000 } };
      const { faults, accounts } = await load({ [section]: given });
      expect(faults).toEqual([]);
      expect(accounts).toMatchObject({
        create: true,
        addUserCommand: ['useradd', '-m'],
        uids: { ann: 2000 },
      });
    },
  );

  it("tell the machine's groups from the provider's by the section that names them", async () => {
    const { faults, config, accounts } = await load({
      LocalAuthenticator: { allowed_groups: ['wheel'] },
      LocalGitHubOAuthenticator: {
        manage_groups: true,
        auth_state_groups_key: 'teams',
        allowed_groups: ['pupils'],
      },
    });
    expect(faults).toEqual([]);
    expect([...accounts.allowedGroups]).toEqual(['wheel']);
    const own = config.of(config.selected.authenticator) as unknown as {
      readonly allowed_groups: Set<string>;
    };
    expect([...own.allowed_groups]).toEqual(['pupils']);
  });

  it('take all else from the class without local', async () => {
    const { config } = await load({ GitHubOAuthenticator: { github_url: 'https://git.lab.test' } });
    expect(config.of(config.selected.authenticator)).toMatchObject({
      github_api: 'https://git.lab.test/api/v3',
    });
  });
});
