/**
 * Owns: one terminal of the page: emulator, renderer, size, its link to the server.
 * Does not own: the bar and the banner (page.ts); they are told.
 */
import { FitAddon } from '@xterm/addon-fit';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { type ITheme, Terminal } from '@xterm/xterm';
import type { ServerMessage, Welcome } from '../protocol/control.js';
import { SUBPROTOCOL } from '../protocol/limits.js';
import { type LineEvents, type LineSocket, Link, type LinkState } from '../protocol/link.js';
import { diagnose } from './api.js';
import type { PageFacts } from './facts.js';
import { cleanPaste, clipboardWrite, isReply, openLink } from './safety.js';
import { type TextKey, text } from './texts.js';

interface TabEvents {
  readonly onState: (state: LinkState) => void;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onNotice: (key: TextKey, values?: Readonly<Record<string, string | number>>) => void;
  readonly onLeave: () => void;
}

export interface TabOptions {
  readonly facts: PageFacts;
  readonly session: string;
  readonly theme: ITheme;
  readonly screenReader: boolean;
  /** `dom` keeps the text readable in `.xterm-rows`; `auto` takes WebGL where it works. */
  readonly renderer: 'auto' | 'dom';
  readonly events: TabEvents;
}

const RESIZE_DEBOUNCE_MS = 80;

export class TerminalTab {
  readonly session: string;
  readonly element: HTMLElement;
  readonly #options: TabOptions;
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #link: Link;
  readonly #encoder = new TextEncoder();
  #webgl: WebglAddon | undefined;
  #started = false;
  #replayLeft = 0;
  #resizeTimer: number | undefined;

  constructor(options: TabOptions, parent: HTMLElement) {
    this.#options = options;
    this.session = options.session;
    this.element = document.createElement('section');
    this.element.className = 'terminal';
    this.element.dataset['session'] = options.session;
    this.element.setAttribute('role', 'tabpanel');
    this.element.setAttribute('aria-label', text('terminalLabel', { name: options.session }));
    parent.append(this.element);
    this.#terminal = new Terminal({
      theme: options.theme,
      screenReaderMode: options.screenReader,
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
      fontSize: 14,
      scrollback: 5000,
      minimumContrastRatio: 4.5,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      linkHandler: { activate: (_event, uri) => openLink(uri) },
    });
    this.#link = this.#makeLink();
  }

  /** Connected once it was in front: before that it has no size, and no business with the shell's. */
  get started(): boolean {
    return this.#started;
  }

  get state(): LinkState {
    return this.#link.state;
  }

  show(): void {
    this.element.hidden = false;
    if (!this.#started) this.#openEmulator();
    this.#useWebgl();
    this.#refit();
    this.#terminal.focus();
  }

  hide(): void {
    this.element.hidden = true;
    // Browsers allow few WebGL contexts at a time; a hidden terminal needs none.
    this.#webgl?.dispose();
    this.#webgl = undefined;
  }

  setTheme(theme: ITheme): void {
    this.#terminal.options.theme = theme;
  }

  setScreenReader(on: boolean): void {
    this.#terminal.options.screenReaderMode = on;
  }

  focus(): void {
    this.#terminal.focus();
  }

  wake(): void {
    if (this.#started) this.#link.wake();
  }

  active(): void {
    this.#link.active();
  }

  dispose(): void {
    this.#link.close();
    this.#terminal.dispose();
    this.element.remove();
  }

  #openEmulator(): void {
    this.#started = true;
    const terminal = this.#terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
    terminal.open(this.element);
    terminal.onData((data) => this.#typed(this.#encoder.encode(data), data));
    // Old mouse reports: one byte a character.
    terminal.onBinary((data) =>
      this.#typed(
        Uint8Array.from(data, (one) => one.charCodeAt(0) & 0xff),
        data,
      ),
    );
    terminal.parser.registerOscHandler(52, (data) => this.#copyFor(data));
    terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    this.element.addEventListener('paste', (event) => this.#paste(event), { capture: true });
    new ResizeObserver(() => this.#resizeSoon()).observe(this.element);
    this.#refit();
    this.#link.start(terminal.cols, terminal.rows);
  }

  #typed(bytes: Uint8Array, data: string): void {
    if (this.#replayLeft > 0 && isReply(data)) return;
    if (!this.#link.input(bytes)) this.#options.events.onNotice('bannerTooMuch');
  }

  #paste(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.getData('text/plain');
    event.preventDefault();
    event.stopPropagation();
    if (pasted) this.#terminal.paste(cleanPaste(pasted));
  }

  #key(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey) return true;
    if (event.key === 'F6') {
      if (event.type === 'keydown') this.#options.events.onLeave();
      return false;
    }
    if (event.code === 'KeyC') {
      event.preventDefault();
      if (event.type === 'keydown' && this.#terminal.hasSelection())
        void this.#copy(this.#terminal.getSelection());
      return false;
    }
    // Left to the browser, which pastes.
    return event.code !== 'KeyV';
  }

  #copyFor(data: string): boolean {
    const wanted = this.#replayLeft > 0 ? undefined : clipboardWrite(data);
    if (wanted !== undefined) {
      void this.#copy(wanted).then((done) => {
        this.#options.events.onNotice(done ? 'bannerCopied' : 'bannerCopyRefused', { count: wanted.length });
      });
    }
    return true;
  }

  async #copy(copied: string): Promise<boolean> {
    try {
      await navigator.clipboard.writeText(copied);
      return true;
    } catch (error) {
      console.debug('the browser did not let us copy', error);
      return false;
    }
  }

  #makeLink(): Link {
    const { facts, session, events } = this.#options;
    return new Link({
      session,
      create: true,
      client: Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join(''),
      connect: (line) => connect(facts, line),
      diagnose: () => diagnose(facts),
      timers: {
        set: (ms, task) => window.setTimeout(task, ms),
        clear: (handle) => window.clearTimeout(typeof handle === 'number' ? handle : undefined),
        now: () => performance.now(),
      },
      random: Math.random,
      onState: events.onState,
      onWelcome: (welcome) => this.#welcome(welcome),
      onOutput: (data) => this.#output(data),
      onMessage: events.onMessage,
    });
  }

  #welcome(welcome: Welcome): void {
    if (welcome.reset) {
      this.#terminal.reset();
      if (welcome.modes !== '') this.#terminal.write(welcome.modes);
    }
    if (welcome.truncated) this.#options.events.onNotice('bannerTruncated');
    this.#replayLeft = welcome.replay;
  }

  #output(data: Uint8Array): void {
    this.#terminal.write(data, () => {
      this.#replayLeft = Math.max(0, this.#replayLeft - data.length);
      this.#link.parsed(data.length);
    });
  }

  #useWebgl(): void {
    if (this.#options.renderer === 'dom' || this.#webgl) return;
    try {
      const webgl = new WebglAddon();
      // A lost context (sleep, driver) leaves the DOM renderer in its place.
      webgl.onContextLoss(() => {
        webgl.dispose();
        this.#webgl = undefined;
      });
      this.#terminal.loadAddon(webgl);
      this.#webgl = webgl;
    } catch (error) {
      console.debug('no WebGL; drawing with the DOM', error);
    }
  }

  #resizeSoon(): void {
    window.clearTimeout(this.#resizeTimer);
    this.#resizeTimer = window.setTimeout(() => this.#refit(), RESIZE_DEBOUNCE_MS);
  }

  #refit(): void {
    const size = this.element.hidden ? undefined : this.#fit.proposeDimensions();
    if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows)) return;
    this.#terminal.resize(Math.max(2, size.cols), Math.max(1, size.rows));
    this.#link.resize(this.#terminal.cols, this.#terminal.rows);
  }
}

function connect(facts: PageFacts, events: LineEvents): LineSocket {
  const url = new URL(`${facts.prefix}anteroom/terminal`, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, SUBPROTOCOL);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.open();
  socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
    if (typeof event.data === 'string') events.text(event.data);
    else events.bytes(new Uint8Array(event.data));
  };
  socket.onclose = (event) => events.closed(event.code);
  return {
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data as string | Uint8Array<ArrayBuffer>);
    },
    close: () => socket.close(),
  };
}
