import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { fitted, recipe } from '../compat/fronts/recipe.js';
import { Client } from './client.js';
import { type Machine, startMachine, whyNoMachine } from './systemd/machine.js';

/**
 * The units of docs/systemd.md under systemd itself, installed by the commands of the page: what stays and what ends
 * when the hub is restarted, falls or is stopped. Names of control groups are those of version 2.
 */
const reason = whyNoMachine();
if (reason !== undefined) console.warn(`SKIPPED: the units under systemd: ${reason}`);

const PAGE = 'docs/systemd.md';
const TLS = join(packageRoot(), 'test/fixtures/tls');

const config = (more: string): string => `
  export default function configure(c) {
    c.JupyterHub.bind_url = 'http://127.0.0.1:8000';
    c.JupyterHub.authenticator_class = 'dummy';
    c.JupyterHub.spawner_class = 'simple';
    c.Authenticator.allow_all = true;
    c.Anteroom.allow_shared_uid = true;
    c.SimpleLocalProcessSpawner.home_dir_template = '/var/lib/anteroom/homes/{username}';
    c.Spawner.cmd = ['anteroom-singleuser'];
    ${more}
  }`;
const KEEP = 'c.JupyterHub.cleanup_servers = false; c.JupyterHub.cleanup_proxy = false;';
const CONFIG = '/etc/anteroom/jupyterhub_config.mjs';

/** Answers in two parts, three seconds apart. */
const SLOW = `
  import { writeFileSync } from 'node:fs';
  import { createServer } from 'node:http';
  createServer((request, response) => {
    writeFileSync('/tmp/asked', '');
    response.write('all ');
    setTimeout(() => response.end('of it'), 3000);
  }).listen(9000, '127.0.0.1', () => writeFileSync('/tmp/listens', ''));
`;

describe.skipIf(reason !== undefined)('under systemd', () => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await startMachine();
    machine.write('/etc/systemd/system/anteroom.service', recipe('ini', PAGE));
    machine.write(CONFIG, config(KEEP));
    machine.write('/etc/anteroom/environment', `JUPYTERHUB_CRYPT_KEY=${'ab'.repeat(32)}\n`);
    machine.must('chmod 0600 /etc/anteroom/environment');
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const property = (unit: string, name: string): string =>
    machine.must(`systemctl show --property=${name} --value ${unit}`).trim();
  /** `pid command line` of everything that systemd counts as the unit's. */
  const members = (unit: string): readonly string[] =>
    machine
      .run(
        `for pid in $(cat /sys/fs/cgroup/system.slice/${unit}.service/cgroup.procs); do echo $pid $(tr '\\0' ' ' </proc/$pid/cmdline); done`,
      )
      .text.split('\n')
      .filter((line) => /^\d/.test(line));
  const pidOf = (unit: string, what: string): number | undefined => {
    const line = members(unit).find((one) => one.includes(what));
    return line === undefined ? undefined : Number.parseInt(line, 10);
  };
  const server = (): number | undefined => pidOf('anteroom', 'terminal/server/main.js');
  const proxy = (): number | undefined => pidOf('anteroom', 'proxy/server/main.js');
  /** By default the hub itself, beside any proxy. */
  const serves = async (url = 'http://127.0.0.1:8081/hub/health'): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (machine.run(`curl -sfk ${url}`).status !== 0) {
      if (Date.now() > deadline) {
        throw new Error(`no answer:\n${machine.run("journalctl --no-pager -n 40 -u 'anteroom*'").text}`);
      }
      await delay(100);
    }
  };

  describe('the hub', () => {
    let alice: Client;
    let terminal: ReturnType<Client['openTerminal']>;

    it('starts as the page says, and a terminal opens', async () => {
      machine.must(recipe('sh', PAGE));
      await serves();
      const origin = await machine.door(8000);
      alice = new Client(origin);
      expect(await alice.signIn('alice')).toBe(302);
      await alice.startServer('alice');
      terminal = alice.openTerminal('alice');
      terminal.type('echo account-$(id -un)\n');
      await terminal.shows(/account-anteroom/);
      // What the page says of the lines that confine the hub.
      terminal.type('grep NoNewPrivs /proc/self/status; touch /etc/x /usr/x\n');
      await terminal.shows(/NoNewPrivs:\s+1/);
      await terminal.shows(/\/etc\/x.*Read-only/);
      await terminal.shows(/\/usr\/x.*Read-only/);
      expect(machine.must('stat -c "%a %U" /var/lib/anteroom').trim()).toBe('700 anteroom');
      expect(
        machine.run(`grep -c CRYPT_KEY /proc/${server()}/environ /proc/${proxy()}/environ`).text,
      ).not.toMatch(/:[1-9]/);
    });

    it('is restarted, and a terminal stays open', async () => {
      const before = { hub: property('anteroom', 'MainPID'), server: server(), proxy: proxy() };
      machine.must('systemctl restart anteroom');
      await serves();
      expect(property('anteroom', 'MainPID')).not.toBe(before.hub);
      expect({ server: server(), proxy: proxy() }).toEqual({ server: before.server, proxy: before.proxy });
      terminal.type('echo after-$((6*7))\n');
      await terminal.shows(/after-42/);
      expect(terminal.closed).toBeUndefined();
      expect((await alice.get('/user/alice/')).status).toBe(200);
      const journal = machine.must('journalctl --no-pager -u anteroom');
      expect(journal).toMatch(
        /Found left-over process \d+ \(node\) in control group while starting unit. Ignoring/,
      );
    });

    it('falls, and is there again', async () => {
      const before = { hub: property('anteroom', 'MainPID'), server: server(), proxy: proxy() };
      machine.must(`kill -9 ${before.hub}`);
      await expect.poll(() => property('anteroom', 'NRestarts'), { timeout: 20_000 }).toBe('1');
      await serves();
      expect({ server: server(), proxy: proxy() }).toEqual({ server: before.server, proxy: before.proxy });
      terminal.type('echo again-$((6*8))\n');
      await terminal.shows(/again-48/);
    });

    it('is stopped, and what it was told to keep lives on', async () => {
      const before = { server: server(), proxy: proxy() };
      machine.must('systemctl stop anteroom');
      expect(property('anteroom', 'ActiveState')).toBe('inactive');
      expect({ server: server(), proxy: proxy() }).toEqual(before);
      terminal.type('echo without-$((6*9))\n');
      await terminal.shows(/without-54/);
      machine.must('systemctl start anteroom');
      await serves();
      expect({ server: server(), proxy: proxy() }).toEqual(before);
    });

    it('is stopped with the defaults, and nothing is left', async () => {
      machine.write(CONFIG, config(''));
      machine.must('systemctl restart anteroom');
      await serves();
      expect(server()).toBeDefined();
      machine.must('systemctl stop anteroom');
      expect(property('anteroom', 'Result')).toBe('success');
      expect(members('anteroom')).toEqual([]);
      terminal.end();
    });

    it('cannot start, says why in the journal, and is tried again', async () => {
      machine.write(CONFIG, config("c.JupyterHub.db_url = 'nosuch://x';"));
      machine.must('systemctl start anteroom');
      await expect
        .poll(() => Number(property('anteroom', 'NRestarts')), { timeout: 30_000 })
        .toBeGreaterThan(1);
      expect(property('anteroom', 'ExecMainStatus')).toMatch(/^[01]$/);
      expect(machine.must('journalctl --no-pager -u anteroom')).toMatch(/db_url/);
      machine.must('systemctl stop anteroom');
      machine.must('systemctl reset-failed anteroom || true');
    });
  });

  describe('the hub as root', () => {
    it('gives each user an account of their own, whose server outlives a restart', async () => {
      const unit = fitted(recipe('ini', PAGE), { 'User=anteroom\nGroup=anteroom\n': '' });
      machine.write('/etc/systemd/system/anteroom.service', unit);
      machine.write(CONFIG, config(`${KEEP}; c.JupyterHub.spawner_class = 'localprocess';`));
      machine.must('useradd --create-home --shell /bin/bash robert');
      machine.must('systemctl daemon-reload && systemctl start anteroom');
      await serves();
      const robert = new Client(await machine.door(8000));
      expect(await robert.signIn('robert')).toBe(302);
      await robert.startServer('robert');
      const terminal = robert.openTerminal('robert');
      terminal.type('echo account-$(id -un) in $HOME\n');
      await terminal.shows(/account-robert in \/home\/robert/);
      const before = { server: server(), proxy: proxy() };
      expect(machine.must(`ps -o user= -p ${before.server}`).trim()).toBe('robert');

      machine.must('systemctl restart anteroom');
      await serves();
      expect({ server: server(), proxy: proxy() }).toEqual(before);
      terminal.type('echo after-$((6*7))\n');
      await terminal.shows(/after-42/);
      terminal.end();
      machine.write(CONFIG, config(''));
      machine.must('systemctl restart anteroom');
      await serves();
      machine.must('systemctl stop anteroom');
      expect(members('anteroom')).toEqual([]);
    });
  });

  describe('the proxy as a unit of its own', () => {
    it('serves port 443 without root, for a hub that does not start it', async () => {
      for (const [file, from] of [
        ['fullchain.pem', 'server.crt'],
        ['privkey.pem', 'server.key'],
      ] as const) {
        machine.write(`/etc/anteroom/${file}`, readFileSync(join(TLS, from), 'utf8'));
      }
      machine.must('chmod 0600 /etc/anteroom/privkey.pem');
      machine.write('/etc/systemd/system/anteroom.service', recipe('ini', PAGE));
      machine.write('/etc/systemd/system/anteroom-proxy.service', recipe('ini anteroom-proxy.service', PAGE));
      machine.must(recipe('sh anteroom-proxy', PAGE));
      const own = recipe('python', PAGE).replaceAll('False', 'false').split('\n').join(';\n');
      machine.write(CONFIG, config(`${KEEP}; ${own}`));
      machine.must('systemctl restart anteroom');
      await serves();
      await serves('https://127.0.0.1/hub/health');
      const pid = property('anteroom-proxy', 'MainPID');
      expect(machine.must(`ps -o user:20= -p ${pid}`).trim()).toBe('anteroom-proxy');
      expect(members('anteroom-proxy')).toHaveLength(3);
      expect(proxy()).toBeUndefined();
    });

    it('is restarted: what is under way ends first, and every route is there again', async () => {
      machine.write('/tmp/slow.mjs', SLOW);
      machine.must('systemd-run --unit=slow /opt/node /tmp/slow.mjs');
      // A kept route is served only when somebody listened at its target as it was named.
      await expect.poll(() => machine.run('test -e /tmp/listens').status).toBe(0);
      machine.must(
        `. /etc/anteroom/proxy && curl -sf -H "Authorization: token $CONFIGPROXY_AUTH_TOKEN" -d '{"target": "http://127.0.0.1:9000"}' http://127.0.0.1:8001/api/routes/slow`,
      );
      const first = property('anteroom-proxy', 'MainPID');
      machine.must('systemd-run --unit=asking sh -c "curl -sk https://127.0.0.1/slow/ >/tmp/answer 2>&1"');
      await expect.poll(() => machine.run('test -e /tmp/asked').status).toBe(0);
      machine.must('systemctl restart anteroom-proxy');
      expect(machine.must('cat /tmp/answer')).toBe('all of it');
      expect(property('anteroom-proxy', 'MainPID')).not.toBe(first);
      await serves('https://127.0.0.1/slow/');
    });

    it('is stopped, which is no failure', () => {
      machine.must('systemctl stop anteroom-proxy');
      expect(property('anteroom-proxy', 'ExecMainStatus')).toBe('2');
      expect(property('anteroom-proxy', 'Result')).toBe('success');
      expect(members('anteroom-proxy')).toEqual([]);
    });

    it('cannot start, and is tried again for as long as it takes', async () => {
      machine.must('mv /etc/anteroom/privkey.pem /etc/anteroom/privkey.away');
      machine.must('systemctl start anteroom-proxy');
      // systemd gives up after five starts within ten seconds, unless it is told not to.
      await expect
        .poll(() => Number(property('anteroom-proxy', 'NRestarts')), { timeout: 40_000, interval: 500 })
        .toBeGreaterThan(6);
      machine.must('mv /etc/anteroom/privkey.away /etc/anteroom/privkey.pem');
      await serves('https://127.0.0.1/_chp_healthz');
      machine.must('systemctl stop anteroom-proxy');
    });
  });
});
