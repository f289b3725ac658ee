import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOSE } from '../../protocol/close-codes.js';
import { HIGH_WATER_BYTES } from '../../protocol/limits.js';
import { type Browser, Rig, type TermClient } from '../testing/rig.js';

describe('a terminal over term.v1', () => {
  let rig: Rig;
  let browser: Browser;

  beforeEach(async () => {
    rig = await Rig.start();
    browser = await rig.signIn();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** A terminal with its first prompt there. */
  async function open(session = '1'): Promise<TermClient> {
    const term = await rig.term(browser);
    await term.hello({ session });
    await term.text(/[$#] $/);
    return term;
  }

  it('runs a shell of the right size, in the home folder, without the hub secrets', async () => {
    const term = await rig.term(browser);
    const welcome = await term.hello({ cols: 91, rows: 33 });
    expect(welcome).toMatchObject({ session: '1', seq: 0, replay: 0, truncated: false, cols: 91, rows: 33 });
    term.type('stty size; pwd; echo "<$((6*7))>"\n');
    await term.text('33 91');
    await term.text(rig.home);
    await term.text('<42>');
    term.type(
      'env | grep -c -E "API_TOKEN|CLIENT_ID|server-token" ; echo "user=$JUPYTERHUB_USER term=$TERM"\n',
    );
    // The kernel may echo what is typed before the shell writes its prompt.
    await term.text(/(?:\n|[#$] )0\r\n/);
    await term.text('user=alice term=xterm-256color');
  });

  it('lets no shell inherit descriptors: neither terminals of others nor sockets', async () => {
    await open('one');
    const second = await open('two');
    second.type('ls -l /proc/self/fd | grep -c -E "ptmx|socket"; echo "done"-$?\n');
    await second.text('done-1');
    expect(second.output.toString()).toMatch(/\n0\r\ndone-1/);
  });

  it('has IUTF8 on, so that erasing a letter of two bytes erases it whole', async () => {
    const term = await open();
    term.type('cat | od -An -tx1\n');
    term.type('\u00e4\u007fx\n\u0004');
    await term.text(/ 78 0a\r\n/);
    expect(term.output.toString()).not.toContain('c3');
  });

  it('passes bytes as they are: invalid UTF-8, and characters cut by reads', async () => {
    const term = await open();
    term.type("stty -opost; printf 'A\\377\\376B\\303'; sleep 0.2; printf '\\244C'; stty opost; echo\n");
    const wanted = Buffer.from([0x41, 0xff, 0xfe, 0x42, 0xc3, 0xa4, 0x43]);
    await term.until(() => term.output.includes(wanted), 'raw bytes');
  });

  it('tells how a shell ended, to those present and to those who come back later', async () => {
    const term = await open();
    const away = await rig.term(browser);
    const { epoch } = await away.hello();
    const resume = { epoch, seq: away.seq };
    away.socket.terminate();
    term.type('exit 7\n');
    expect(await term.message('exit')).toEqual({ type: 'exit', code: 7, signal: 0 });
    expect((await term.closing()).code).toBe(CLOSE.ended);
    const back = await rig.term(browser);
    await back.hello({ client: away.id, resume });
    expect(await back.message('exit')).toMatchObject({ code: 7 });
    expect(back.output.toString()).toContain('exit 7');
    // And without anything to resume, the name is free for a new shell.
    const fresh = await rig.term(browser);
    expect(await fresh.hello()).toMatchObject({ replay: 0 });
  });

  it('goes on exactly where the connection broke', async () => {
    const term = await open();
    term.type(
      'i=0; while [ $i -lt 200 ]; do echo "line-$i"; i=$((i+1)); sleep 0.005; done; echo all-"done"\n',
    );
    await term.text('line-20');
    const before = Buffer.from(term.output);
    const resume = { epoch: (await term.message('welcome')).epoch, seq: term.seq };
    term.socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const back = await rig.term(browser);
    const welcome = await back.hello({ client: term.id, resume });
    expect(welcome).toMatchObject({ reset: false, seq: resume.seq, truncated: false });
    await back.text('all-done');
    const lines = [
      ...Buffer.concat([before, back.output])
        .toString()
        .matchAll(/line-(\d+)\r/g),
    ].map((m) => Number(m[1]));
    expect(lines).toEqual(Array.from({ length: 200 }, (_value, index) => index));
  });

  it('loses nothing of a flood over a lost connection, although the replay ring is smaller', async () => {
    const term = await open();
    const { epoch } = await term.message('welcome');
    term.type('seq 1 400000; echo all-"done"\n');
    await term.until(() => term.length > 300_000, 'the flood');
    const before = Buffer.from(term.output);
    const resume = { epoch, seq: term.seq };
    term.socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const back = await rig.term(browser);
    const welcome = await back.hello({ client: term.id, resume });
    expect(welcome).toMatchObject({ reset: false, truncated: false });
    await back.text('all-done', 20_000);
    const numbers =
      Buffer.concat([before, back.output])
        .toString()
        .match(/^\d+(?=\r$)/gm) ?? [];
    expect(numbers.length).toBe(400_000);
    expect(numbers.at(-1)).toBe('400000');
  });

  it('takes each keystroke once, also when the page cannot know what arrived', async () => {
    const term = await open();
    const { epoch } = await term.message('welcome');
    term.type('echo one');
    await term.text('echo one');
    const back = await rig.term(browser);
    const welcome = await back.hello({ client: term.id, resume: { epoch, seq: term.seq } });
    expect(welcome.inputSeq).toBe('echo one'.length);
    // What the dead connection still had under way does not count.
    expect((await term.closing()).code).toBe(1006);
    back.type('-two\n');
    await back.text('one-two\r\n');
  });

  it('shows a truncated replay from a clean beginning, with the modes that were set before it', async () => {
    const term = await open();
    term.type("printf '\\033[?1049h\\033[?2004h\\033[?25l'; seq 1 100000; echo all-'done'\n");
    await term.text('all-done', 20_000);
    const fresh = await rig.term(browser);
    const welcome = await fresh.hello();
    expect(welcome).toMatchObject({ truncated: true, reset: true });
    expect(welcome.modes).toBe('\u001b[?25l\u001b[?1049h\u001b[?2004h');
    await fresh.text('all-done');
    expect(fresh.output.toString()).toMatch(/^\d+\r\n/);
    expect(fresh.output.length).toBeLessThan(400 * 1024);
  });

  it('holds a flood for a reader that does not confirm, in bounded memory, and Ctrl-C gets through', async () => {
    const term = await open();
    term.acks = false;
    term.type('yes\n');
    await term.until(() => term.length > HIGH_WATER_BYTES, 'the high mark');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const held = term.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(term.length).toBe(held);
    expect(held).toBeLessThan(HIGH_WATER_BYTES + 256 * 1024);
    expect(rig.server.sessions.get('1')?.paused).toBe(true);
    term.type('\u0003');
    term.acks = true;
    term.send({ type: 'ack', seq: term.seq });
    term.type('echo al"ive"\n');
    await term.text('alive\r\n');
  });

  it('lets a slow viewer not hold up the others, and brings it back', { timeout: 30_000 }, async () => {
    const fast = await open();
    const slow = await rig.term(browser);
    await slow.hello();
    slow.acks = false;
    fast.type('seq 1 900000; echo all-"done"\n');
    await fast.text('all-done', 20_000);
    slow.acks = true;
    slow.send({ type: 'ack', seq: slow.seq });
    await slow.text('all-done');
    expect(slow.messages.filter((message) => message.type === 'welcome').length).toBeGreaterThan(1);
  });

  it('ends the last words of a shell that ends while nobody reads', async () => {
    const term = await open();
    term.acks = false;
    term.type('seq 1 300000; exit 3\n');
    await new Promise((resolve) => setTimeout(resolve, 500));
    term.acks = true;
    term.send({ type: 'ack', seq: term.seq });
    expect(await term.message('exit')).toMatchObject({ code: 3 });
    await term.text(/\n300000\r\n/);
  });

  it('does not spin or grow while a program does not read its input', async () => {
    const term = await open();
    term.type('stty raw -echo; sleep 3; stty sane; cat > /dev/null; echo "to"ok\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = process.cpuUsage();
    const paste = randomBytes(200 * 1024)
      .toString('hex')
      .slice(0, 300 * 1024);
    for (let at = 0; at < paste.length; at += 4096) term.type(paste.slice(at, at + 4096));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(700_000);
    const pending = rig.server.sessions.get('1')?.pendingInput ?? 0;
    expect(pending).toBeGreaterThan(100_000);
    const acked = term.messages.findLast((message) => message.type === 'inputAck');
    // What the program has not taken is not confirmed: the page stops sending.
    expect(acked?.type === 'inputAck' ? acked.seq : 0).toBeLessThan(paste.length - 100_000);
  });

  it('tells all viewers a resize, the asker with its serial, and bounds it', async () => {
    const one = await open();
    const two = await rig.term(browser);
    await two.hello();
    one.send({ type: 'resize', cols: 5000, rows: 40, serial: 9 });
    await one.until(
      () => one.messages.some((m) => m.type === 'resized' && m.serial === 9 && m.cols === 1000),
      'own resize',
    );
    await two.until(
      () => two.messages.some((m) => m.type === 'resized' && m.serial === 0 && m.rows === 40),
      'resize of another',
    );
    one.type('stty size\n');
    await one.text('40 1000');
  });

  it('gives a reader who only looks no say', async () => {
    const owner = await open();
    const guest = await rig.term(browser);
    await guest.hello({ readonly: true, cols: 20, rows: 5 });
    guest.type('echo from-gu"est"\n');
    guest.send({ type: 'resize', cols: 20, rows: 5, serial: 1 });
    owner.type('stty size; echo fin"ished"\n');
    await owner.text('finished');
    expect(owner.output.toString()).toContain('24 80');
    expect(owner.output.toString()).not.toContain('from-guest');
  });

  it('refuses what is not the protocol', async () => {
    const garbage = await rig.term(browser);
    garbage.socket.send('{"type":"hello"}');
    expect((await garbage.closing()).code).toBe(CLOSE.protocol);
    const early = await rig.term(browser);
    early.type('echo lost\n');
    expect(
      await early.hello({ session: 'x', create: false }).catch((error: unknown) => String(error)),
    ).toContain('4404');
    const twice = await open();
    await twice.hello().catch(() => undefined);
    expect((await twice.closing()).code).toBe(CLOSE.protocol);
    const huge = await rig.term(browser);
    huge.socket.send(Buffer.alloc(2 * 1024 * 1024));
    expect((await huge.closing()).code).toBe(1009);
  });

  it('limits sessions', async () => {
    await using small = await Rig.start({ maxSessions: 1 });
    const visitor = await small.signIn();
    const first = await small.term(visitor);
    await first.hello();
    const second = await small.term(visitor);
    await second.hello({ session: '2' }).catch(() => undefined);
    expect(await second.message('error')).toMatchObject({ code: 'limit' });
    expect((await second.closing()).code).toBe(CLOSE.limit);
  });

  it('ends jobs with their session, and all with the server', async () => {
    const term = await open();
    term.type('sleep 4321 & sleep 4322\n');
    await term.until(() => pids('sleep 432').length === 2, 'two jobs');
    await rig.server[Symbol.asyncDispose]();
    expect((await term.closing()).code).toBe(CLOSE.stopping);
    await expect.poll(() => pids('sleep 432'), { timeout: 3_000 }).toEqual([]);
  });
});

function pids(command: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').startsWith(command);
    } catch {
      // It ended between the two reads.
      return false;
    }
  });
}
