import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { launchBrowser, newPage, signIn } from './browser.js';
import { type HubProcess, startHub } from './hub-process.js';
import { TerminalPage } from './terminal-page.js';

/** PAM sign-in in a real browser, by a service file of the test's own whose modules are pam_exec with scripts. */
const folder = mkdtempSync(join(tmpdir(), 'anteroom-e2e-pam-'));
const journal = join(folder, 'journal');
/** Whoever signs in needs an account of the machine; this one's real password is not asked for. */
const me = userInfo().username;
const PASSWORD = 'the right one';
const hasPam = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'].some((lib) =>
  existsSync(lib)
    ? ['.', ...readdirSync(lib)].some((each) => existsSync(join(lib, each, 'security/pam_exec.so')))
    : false,
);
if (!hasPam)
  console.warn('SKIPPED test/e2e/pam.test.ts: no PAM modules here (Debian: apt-get install libpam-modules)');

let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  if (!hasPam) return;
  const script = (name: string, body: string): string => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return join(folder, name);
  };
  const check = script('check', `read -r given; [ "$PAM_USER $given" = "${me} ${PASSWORD}" ]`);
  const write = script('write', `echo "$PAM_TYPE $PAM_USER" >> ${journal}`);
  const lines = [
    `auth required pam_exec.so quiet expose_authtok ${check}`,
    'account required pam_permit.so',
    `session required pam_exec.so quiet ${write}`,
  ];
  writeFileSync(join(folder, 'service'), `${lines.join('\n')}\n`);
  hub = await startHub({
    config: `
      c.JupyterHub.authenticator_class = 'default';
      c.PAMAuthenticator.service = '${join(folder, 'service')}';
      c.PAMAuthenticator.open_sessions = true;
      c.JupyterHub.cleanup_servers = true;
      c.JupyterHub.cleanup_proxy = true;
      c.Authenticator.allowed_users = ['${me}'];
    `,
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await hub?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs its arguments where something is hidden from them and from nobody else. */
function hiding(mount: string): readonly string[] {
  return ['unshare', '--mount', '--', '/bin/sh', '-c', `${mount} && exec "$@"`, 'sh'];
}

const library = ['/lib/x86_64-linux-gnu', '/lib/aarch64-linux-gnu', '/lib64', '/usr/lib64', '/usr/lib']
  .map((each) => join(each, 'libpam.so.0'))
  .find((path) => existsSync(path));
const namespaces = userInfo().uid === 0 && library !== undefined;
if (!namespaces)
  console.warn(
    'SKIPPED test/e2e/pam.test.ts, a machine without PAM: it needs root, to hide libpam from one hub',
  );

describe.skipIf(!namespaces)('a machine without PAM', () => {
  const config = "c.JupyterHub.authenticator_class = 'pam'; c.PAMAuthenticator.service = 'other';";

  it.each([
    ['libpam', `mount --bind /dev/null ${library}`],
    ['koffi', `mount -t tmpfs none ${join(packageRoot(), 'node_modules/koffi')}`],
  ])('refuses the start without %s, and says what to install', async (_name, mount) => {
    await expect(startHub({ config, prefix: hiding(mount) })).rejects.toThrow(
      /exited with 1:[\s\S]*PAM cannot be used: .*apt-get install libpam0g.*npm install koffi/,
    );
  });
});

describe.skipIf(!hasPam)('PAM', () => {
  it('refuses a wrong password on the page, and lets the right one in to a terminal', async () => {
    const { page } = await newPage(browser);
    await TerminalPage.prepare(page);
    await page.goto(hub.url);
    await signIn(page, me, 'the wrong one');
    await page.getByText('Invalid username or password').waitFor();
    await signIn(page, me, PASSWORD);
    const terminal = new TerminalPage(page);
    await terminal.connected(60_000);
    await terminal.type('echo pam-$((6*7))\n');
    await terminal.shows(/pam-42/);
  });

  it('opened a session around the server and closes it with the server; the password is in no log', async () => {
    expect(readFileSync(journal, 'utf8')).toBe(`open_session ${me}\n`);
    expect(await hub.terminate()).toBe(0);
    expect(readFileSync(journal, 'utf8')).toBe(`open_session ${me}\nclose_session ${me}\n`);
    expect(await hub.log()).not.toContain(PASSWORD);
  });
});
