import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pickAccount } from '../../core/account.js';
import { systemClock } from '../../core/clock.js';
import { defaults } from '../../core/config/declare.js';
import { decodeAddress } from '../../core/listening-sockets.js';
import { silentLog } from '../../core/log.js';
import { DEFAULT_SERVER, type UserName } from '../../core/model/names.js';
import {
  ask,
  describeSpawner,
  pidExists,
  startContext,
  TINY_SERVER,
  viewFor,
} from '../../test/suites/spawner.js';
import { shellQuote } from './command.js';
import { localProcess } from './index.js';
import { OutputFile, outputName } from './output-file.js';
import { readState, writeState } from './state.js';
import { LocalProcessSpawnerClass, type LocalProcessSpawnerConfig } from './traits.js';

const folder = mkdtempSync(join(tmpdir(), 'anteroom-local-'));
chmodSync(folder, 0o755);
// readable by every account, wherever the checkout lies
const server = join(folder, 'tiny-server.mjs');
copyFileSync(TINY_SERVER, server);
const outputDir = join(folder, 'output');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function make(
  args: readonly string[] = [],
  change: Partial<LocalProcessSpawnerConfig> = {},
  user = userInfo().username,
) {
  const config = defaults(LocalProcessSpawnerClass, {
    cmd: [process.execPath, server],
    args,
    interrupt_timeout: 1,
    term_timeout: 1,
    ...change,
  });
  return localProcess.create({
    user: { id: 1, name: user as UserName, admin: false, groups: [] },
    view: viewFor(user),
    serverName: DEFAULT_SERVER,
    config,
    baseUrl: '/user/alice/',
    log: silentLog,
    clock: systemClock,
    outputDir,
  });
}

describeSpawner({ name: 'local-process', kind: localProcess, make, exists: pidExists });

/** An account that is not root, has supplementary groups, and may run node; made by nobody, found on the machine. */
function memberOfGroups(): { name: string; uid: number; gids: readonly number[] } | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const name = line.split(':')[3]?.split(',')[0];
    if (!name || name === 'root') continue;
    const id = (flag: string): string => execFileSync('id', [flag, name], { encoding: 'utf8' }).trim();
    return { name, uid: Number(id('-u')), gids: id('-G').split(' ').map(Number) };
  }
  return undefined;
}

const isRoot = process.getuid?.() === 0;
const hasCompiler = existsSync('/usr/bin/cc');
const member = isRoot ? memberOfGroups() : undefined;

describe('accounts', () => {
  it.skipIf(!member)(
    'as root, the server has the account and all its supplementary groups (skipped: needs root and such an account)',
    async () => {
      const { name, uid, gids } = member!;
      const spawner = make([], {}, name);
      const address = await spawner.start(startContext().context);
      try {
        const where = (await (await ask(address, 'where')).json()) as { uid: number; groups: number[] };
        expect(where.uid).toBe(uid);
        expect([...where.groups].sort()).toEqual([...gids].sort());
        expect(gids.length).toBeGreaterThan(1);
        const output = new OutputFile(outputDir, name, '');
        expect(statSync(output.path)).toMatchObject({ uid });
        expect(statSync(output.path).mode & 0o777).toBe(0o600);
      } finally {
        await spawner.stop({ now: true });
      }
    },
  );

  it.skipIf(!member || !hasCompiler)(
    'as root, variables of the server reach nothing that is still root (skipped: needs root, an account and cc)',
    async () => {
      const [seen, library] = [join(folder, 'seen-uids'), join(folder, 'spy.so')];
      writeFileSync(seen, '');
      chmodSync(seen, 0o666);
      const source = `#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void note(void) {
  FILE *file = fopen("${seen}", "a");
  if (file) { fprintf(file, "%d\\n", geteuid()); fclose(file); }
}`;
      writeFileSync(`${library}.c`, source);
      execFileSync('cc', ['-shared', '-fPIC', '-o', library, `${library}.c`]);
      const { context } = startContext();
      const preload = {
        LD_PRELOAD: library,
        name: 'n',
        dir: 'd',
        IFS: 'x',
        PS4: '$(id)',
        ODD: `it's "$(id)" \n two`,
      };
      const environment: typeof context.environment = (bind) => ({
        ...context.environment(bind),
        ...preload,
      });
      const spawner = make([], {}, member!.name);
      const address = await spawner.start({ ...context, environment });
      try {
        expect(await (await ask(address, 'env')).json()).toMatchObject(preload);
        expect(new Set(readFileSync(seen, 'utf8').trim().split('\n'))).toEqual(
          new Set([String(member!.uid)]),
        );
      } finally {
        await spawner.stop({ now: true });
      }
    },
  );

  it('a name without an account is refused in words', async () => {
    await expect(make([], {}, 'no-such-person').start(startContext().context)).rejects.toMatchObject({
      code: 'SPAWN_NO_ACCOUNT',
      message: expect.stringContaining('"no-such-person"'),
    });
  });

  it('a number is no name: 0 is not root', async () => {
    await expect(make([], {}, '0').start(startContext().context)).rejects.toMatchObject({
      code: 'SPAWN_NO_ACCOUNT',
    });
  });

  it('rows of passwd are taken by name only, and broken rows never', () => {
    const rows =
      'root:x:0:0:root:/root:/bin/sh\nann:x:1:2:Ann:/home/ann:/bin/zsh\nbroken:x:abc:0::/:\nshort:x:1\n';
    expect(pickAccount(rows, 'ann')).toEqual({
      name: 'ann',
      uid: 1,
      gid: 2,
      home: '/home/ann',
      shell: '/bin/zsh',
    });
    for (const name of ['0', 'broken', 'short', 'an', '']) expect(pickAccount(rows, name)).toBeUndefined();
  });

  it('home and shell come from the account', async () => {
    const me = pickAccount(readFileSync('/etc/passwd', 'utf8'), userInfo().username)!;
    const spawner = make();
    const address = await spawner.start(startContext().context);
    try {
      expect(await (await ask(address, 'env')).json()).toMatchObject({
        USER: me.name,
        HOME: me.home,
        SHELL: me.shell,
      });
    } finally {
      await spawner.stop({ now: true });
    }
  });
});

describe('output files', () => {
  it('stay bounded, keep the end, and a new start sets the old one aside', async () => {
    const file = new OutputFile(join(folder, 'bounded'), 'alice', '');
    const handle = await file.create();
    for (let i = 0; i < 100; i++) await handle.write(`${i} ${'x'.repeat(100)}\n`);
    await file.tidy(1000);
    expect(statSync(file.path).size).toBe(0);
    expect(statSync(`${file.path}.1`).size).toBe(1000);
    await handle.write('after\n');
    expect(statSync(file.path).size).toBe(6);
    const lines = (await file.tail()).split('\n');
    expect(lines.at(-1)).toBe('after');
    expect(lines.at(-2)).toContain('99 xxx');
    await handle.close();
    await (await file.create()).close();
    expect(readFileSync(`${file.path}.previous`, 'utf8')).toBe('after\n');
    expect(await file.tail()).toBe('');
  });

  it('show no terminal escapes, control or direction characters, and bounded lines', async () => {
    const file = new OutputFile(join(folder, 'escapes'), 'alice', '');
    await (await file.create()).close();
    writeFileSync(file.path, `\u001b[31mred\u001b[0m\u0007\u202e\n${'z'.repeat(5000)}\n\n`);
    expect((await file.tail()).split('\n')).toEqual(['red?', 'z'.repeat(500)]);
  });

  it('have names that no two servers share and none can leave', () => {
    expect(outputName('a-b', 'c')).not.toBe(outputName('a', 'b-c'));
    for (const name of ['..', 'a/b', 'x'.repeat(300), 'ä ö\n'])
      expect(outputName(name, '..')).toMatch(/^[\w-]{1,90}\.log$/);
  });
});

describe('details', () => {
  it('state round trip; anything odd counts as absent', () => {
    const state = { spawnId: 'h.1', pid: 4, startTime: '5', bootId: 'b', host: '127.0.0.1', port: 6 };
    expect(readState(writeState(state))).toEqual(state);
    expect(writeState({})).toEqual({});
    expect(readState({ pid: -1, anteroom: { port: 'x', spawn_id: 7 } })).toEqual({});
    expect(readState({ pid: 12, anteroom: [] })).toEqual({ pid: 12 });
    expect(localProcess.spawnIdOf?.(writeState(state))).toBe('h.1');
  });

  it('addresses of the kernel tables', () => {
    expect(decodeAddress('0100007F')).toBe('127.0.0.1');
    expect(decodeAddress('00000000000000000000000001000000')).toBe('::1');
    expect(decodeAddress('0000000000000000FFFF00000100007F')).toBe('127.0.0.1');
  });

  it('quotes for a shell as Python does', () => {
    expect(shellQuote('a/b-c.d')).toBe('a/b-c.d');
    expect(shellQuote("it's")).toBe(`'it'"'"'s'`);
    expect(shellQuote('')).toBe("''");
  });
});
