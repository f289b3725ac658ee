import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { InputBuffer } from '../../protocol/input-buffer.js';
import { SUBPROTOCOL } from '../../protocol/limits.js';
import {
  type Diagnosis,
  type LineEvents,
  type LineSocket,
  Link,
  type LinkState,
} from '../../protocol/link.js';
import { type Browser, Rig } from './rig.js';

/** A page without a browser, whose network can fall silent or break. */
class FakePage {
  readonly states: LinkState['kind'][] = [];
  readonly link: Link;
  output = '';
  silent = false;
  connections = 0;
  diagnosis: Diagnosis = 'up';
  readonly #rig: Rig;
  readonly #browser: Browser;
  #sockets: WebSocket[] = [];

  constructor(rig: Rig, browser: Browser, session = '1') {
    this.#rig = rig;
    this.#browser = browser;
    const decoder = new TextDecoder();
    this.link = new Link({
      session,
      create: true,
      client: randomBytes(16).toString('hex'),
      connect: (events) => this.#connect(events),
      diagnose: async () => this.diagnosis,
      // Ten times faster than life, so that timeouts of seconds can be waited for.
      timers: {
        set: (ms, task) => setTimeout(task, ms / 10),
        clear: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
        now: () => performance.now() * 10,
      },
      random: Math.random,
      onState: (state) => this.states.push(state.kind),
      onWelcome: (welcome) => {
        if (welcome.reset) this.output = '';
      },
      onOutput: (data) => {
        this.output += decoder.decode(data, { stream: true });
        this.link.parsed(data.length);
      },
      onMessage: () => undefined,
    });
  }

  type(text: string): boolean {
    return this.link.input(Buffer.from(text));
  }

  /** The line breaks, and both ends are told. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #connect(events: LineEvents): LineSocket {
    this.connections += 1;
    const url = `ws://${this.#rig.host}${this.#rig.prefix}anteroom/terminal`;
    const socket = new WebSocket(url, [SUBPROTOCOL], { headers: this.#browser.socketHeaders() });
    this.#sockets.push(socket);
    const alive = (task: () => void): void => {
      if (!this.silent) task();
    };
    socket.on('open', () => alive(() => events.open()));
    socket.on('message', (data: Buffer, isBinary) => {
      alive(() => (isBinary ? events.bytes(data) : events.text(data.toString('utf8'))));
    });
    socket.on('close', (code) => events.closed(code));
    socket.on('error', () => undefined);
    return {
      send: (data) => alive(() => socket.readyState === WebSocket.OPEN && socket.send(data)),
      // A line that is silent takes no farewell either.
      close: () => (this.silent ? undefined : socket.close()),
    };
  }
}

describe('the link of a page', () => {
  let rig: Rig;
  let browser: Browser;
  let page: FakePage;
  const pages: FakePage[] = [];

  function newPage(session?: string): FakePage {
    page = new FakePage(rig, browser, session);
    pages.push(page);
    return page;
  }

  beforeEach(async () => {
    rig = await Rig.start({ announces: true });
    browser = await rig.signIn();
    newPage();
  });
  afterEach(async () => {
    for (const one of pages.splice(0)) one.link.close();
    await rig[Symbol.asyncDispose]();
  });

  const connected = (): Promise<unknown> => expect.poll(() => page.link.state.kind).toBe('connected');

  it('sends the first keystroke although it came before the connection', async () => {
    page.type('echo ea"r"ly\n');
    page.link.start(80, 24);
    await expect.poll(() => page.output).toContain('early\r\n');
  });

  it('notices a line that fell silent, and loses neither output nor input', { timeout: 20_000 }, async () => {
    page.link.start(80, 24);
    await connected();
    page.type(
      'i=0; while [ $i -lt 300 ]; do echo "line-$i"; i=$((i+1)); sleep 0.01; done; echo all-"done"\n',
    );
    await expect.poll(() => page.output).toContain('line-20\r');
    page.silent = true;
    page.type('echo typed-while-si"l"ent\n');
    await expect.poll(() => page.states.at(-1)).toBe('reconnecting');
    page.type('echo typed-while-of"f"\n');
    await delay(300);
    page.silent = false;
    await connected();
    await expect.poll(() => page.output, { timeout: 10_000 }).toContain('typed-while-off\r\n');
    const lines = [...page.output.matchAll(/line-(\d+)\r/g)].map((match) => Number(match[1]));
    expect(lines).toEqual(Array.from({ length: 300 }, (_value, index) => index));
    expect(page.output.match(/typed-while-silent\r/g)).toHaveLength(1);
    expect(page.output.match(/typed-while-off\r/g)).toHaveLength(1);
  });

  it('comes back after each reset of the line with every keystroke once', { timeout: 20_000 }, async () => {
    page.link.start(80, 24);
    await connected();
    page.type('stty -echo; cat > keys; echo co"unt" $(wc -c < keys)\n');
    await delay(200);
    let typed = '';
    for (let count = 0; count < 40; count += 1) {
      const key = String.fromCharCode(97 + (count % 26));
      typed += key;
      page.type(key);
      if (count % 10 === 5) page.cut();
      await delay(10);
    }
    await connected();
    page.type('\n\u0004');
    await expect.poll(() => page.output, { timeout: 10_000 }).toContain(`count ${typed.length + 1}`);
    page.type('cat keys\n');
    await expect.poll(() => page.output).toContain(typed);
    expect(page.connections).toBeGreaterThan(3);
  });

  it('takes a large paste piece by piece, and refuses what no one could hold', {
    timeout: 20_000,
  }, async () => {
    page.link.start(80, 24);
    await connected();
    page.type('stty raw -echo; head -c 1000000 | md5sum; stty sane\n');
    await delay(300);
    expect(page.type('x'.repeat(1_000_000))).toBe(true);
    expect(page.type('y'.repeat(8 * 1024 * 1024))).toBe(false);
    await expect.poll(() => page.output, { timeout: 15_000 }).toMatch(/[0-9a-f]{32}/);
    const { createHash } = await import('node:crypto');
    expect(page.output).toContain(createHash('md5').update('x'.repeat(1_000_000)).digest('hex'));
  });

  it('ends in the state that fits: signed out, stopped, gone, ended', async () => {
    page.link.start(80, 24);
    await connected();
    rig.hub.revoke(() => true);
    await expect.poll(() => page.link.state.kind).toBe('signedOut');

    browser = await rig.signIn();
    newPage();
    page.link.start(80, 24);
    await connected();
    page.type('exit 5\n');
    await expect.poll(() => page.link.state).toEqual({ kind: 'ended', code: 5, signal: 0 });

    newPage('other');
    page.link.start(80, 24);
    await connected();
    page.diagnosis = 'stopped';
    await rig.server[Symbol.asyncDispose]();
    await expect.poll(() => page.link.state.kind, { timeout: 5_000 }).toBe('stopped');
    // It keeps asking, so that a server that comes back is found.
    const before = page.connections;
    await expect.poll(() => page.connections, { timeout: 3_000 }).toBeGreaterThan(before);
  });

  it('is not told that its shell ended when it comes back while the server stops', async () => {
    page.link.start(80, 24);
    await connected();
    // It outlives the first signal, so that the page is back before the server has stopped.
    page.type("trap '' HUP TERM; echo de''af\n");
    await expect.poll(() => page.output).toContain('deaf');
    page.diagnosis = 'stopped';
    await rig.server[Symbol.asyncDispose]();
    await expect.poll(() => page.link.state.kind, { timeout: 5_000 }).toBe('stopped');
  });
});

describe('input that waits', () => {
  it('goes out in frames within a window, and again from where the server is', () => {
    const buffer = new InputBuffer(1024 * 1024);
    expect(buffer.add(Buffer.alloc(600 * 1024, 'x'))).toBe(true);
    expect(buffer.add(Buffer.alloc(600 * 1024))).toBe(false);
    const sent = (): number => buffer.take().reduce((sum, frame) => sum + frame.length, 0);
    expect(sent()).toBe(256 * 1024);
    expect(sent()).toBe(0);
    buffer.confirm(100 * 1024);
    expect(sent()).toBe(100 * 1024);
    buffer.resume(200 * 1024);
    expect(sent()).toBe(256 * 1024);
    buffer.resume(10_000_000);
    expect({ waiting: buffer.waiting, more: sent() }).toEqual({ waiting: 0, more: 0 });
  });
});
