/**
 * Owns: the bar, the tabs and the banner; which terminal is in front.
 * Does not own: emulators and connections (terminal-tab.ts).
 */
import { isSessionName, type ServerMessage } from '../protocol/control.js';
import type { LinkState } from '../protocol/link.js';
import { listSessions } from './api.js';
import { type PageFacts, startUrl } from './facts.js';
import { TerminalTab } from './terminal-tab.js';
import { type TextKey, text } from './texts.js';
import { applyTheme, nextTheme, readPreference, storedTheme, writePreference } from './theme.js';

/** A short loss of the network is nobody's business. */
const BANNER_DELAY_MS = 1_000;
const NOTICE_MS = 5_000;
const READER_KEY = 'anteroom-screen-reader';
const RENDERER_KEY = 'anteroom-renderer';

/** As in `data-state` of body and of #connection. */
const STATE_NAMES: Readonly<Record<LinkState['kind'], string>> = {
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  signedOut: 'signed-out',
  forbidden: 'forbidden',
  stopped: 'stopped',
  ended: 'ended',
  gone: 'gone',
  refused: 'refused',
};

export class Page {
  readonly #facts: PageFacts;
  readonly #tabs = new Map<string, TerminalTab>();
  #front: TerminalTab | undefined;
  #theme = storedTheme();
  #colours = applyTheme(this.#theme);
  #reader = readPreference(READER_KEY) === 'on';
  #bannerTimer: number | undefined;
  #noticeTimer: number | undefined;

  constructor(facts: PageFacts) {
    this.#facts = facts;
  }

  async start(): Promise<void> {
    const { user, server } = this.#facts;
    document.title = text('title', { server: server === '' ? text('ownServer', { user }) : server });
    this.#dressBar();
    this.#listen();
    const wanted = location.hash.slice(1);
    const first = isSessionName(wanted) ? wanted : '1';
    this.#open(first);
    this.#bringToFront(first);
    for (const name of await listSessions(this.#facts)) this.#open(name);
  }

  #dressBar(): void {
    label('new-session', text('newSession'), false);
    label('sign-out', text('signOut'));
    label('reader', text('reader'));
    byId('reader').setAttribute('aria-pressed', String(this.#reader));
    this.#showTheme();
    byId('new-session').addEventListener('click', () => this.#openNew());
    byId('theme').addEventListener('click', () => this.#switchTheme());
    byId('reader').addEventListener('click', () => this.#switchReader());
  }

  #listen(): void {
    const wake = (): void => {
      if (document.visibilityState === 'visible') this.#front?.wake();
    };
    addEventListener('online', wake);
    addEventListener('pageshow', wake);
    document.addEventListener('visibilitychange', wake);
    for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => this.#front?.active());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
    byId('tabs').addEventListener('keydown', (event) => this.#tabKey(event));
  }

  #open(name: string): void {
    if (this.#tabs.has(name) || !isSessionName(name)) return;
    const tab = new TerminalTab(
      {
        facts: this.#facts,
        session: name,
        theme: this.#colours,
        screenReader: this.#reader,
        renderer: readPreference(RENDERER_KEY) === 'dom' ? 'dom' : 'auto',
        events: {
          onState: () => this.#stateChanged(name),
          onMessage: (message) => this.#heard(name, message),
          onNotice: (key, values) => this.#notice(key, values),
          onLeave: () => byId('tabs').querySelector<HTMLElement>('[aria-selected="true"]')?.focus(),
        },
      },
      byId('terminals'),
    );
    tab.hide();
    this.#tabs.set(name, tab);
    this.#addButton(name);
  }

  #addButton(name: string): void {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'tab';
    button.dataset['session'] = name;
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-label', text('tab', { name }));
    button.title = text('tab', { name });
    button.textContent = name;
    button.addEventListener('click', () => this.#bringToFront(name));
    byId('tabs').append(button);
  }

  #openNew(): void {
    let number = 1;
    while (this.#tabs.has(String(number))) number += 1;
    this.#open(String(number));
    this.#bringToFront(String(number));
  }

  #close(name: string): void {
    this.#tabs.get(name)?.dispose();
    this.#tabs.delete(name);
    byId('tabs').querySelector(`[data-session="${name}"]`)?.remove();
  }

  #bringToFront(name: string): void {
    const tab = this.#tabs.get(name);
    if (!tab) return;
    if (this.#front !== tab) this.#front?.hide();
    this.#front = tab;
    for (const button of byId('tabs').querySelectorAll<HTMLElement>('.tab')) {
      const selected = button.dataset['session'] === name;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
    }
    history.replaceState(null, '', `#${name}`);
    byId('viewers').hidden = true;
    tab.show();
    this.#showState(tab.state);
  }

  #tabKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const names = [...this.#tabs.keys()];
    if (step === 0 || !this.#front) return;
    const next = names[(names.indexOf(this.#front.session) + step + names.length) % names.length];
    if (next === undefined) return;
    this.#bringToFront(next);
    byId('tabs').querySelector<HTMLElement>(`[data-session="${next}"]`)?.focus();
  }

  #heard(name: string, message: ServerMessage): void {
    if (message.type === 'sessions') this.#follow(message.names);
    if (message.type === 'clients' && this.#front?.session === name) {
      const viewers = byId('viewers');
      viewers.textContent = text('viewers', { count: message.count });
      viewers.hidden = message.count < 2;
    }
  }

  /** Tabs for what runs; those never looked at go with their session, others tell by themselves how it ended. */
  #follow(names: readonly string[]): void {
    for (const name of names) this.#open(name);
    for (const [name, tab] of this.#tabs) {
      if (!tab.started && !names.includes(name)) this.#close(name);
    }
  }

  #stateChanged(name: string): void {
    const tab = this.#tabs.get(name);
    if (!tab) return;
    if (tab === this.#front) this.#showState(tab.state);
    // A shell that ended behind the scenes leaves with its tab.
    else if (tab.state.kind === 'ended' || tab.state.kind === 'gone') this.#close(name);
  }

  #showState(state: LinkState): void {
    const name = STATE_NAMES[state.kind];
    document.body.dataset['state'] = name;
    byId('connection').dataset['state'] = name;
    byId('word').textContent = text(state.kind);
    window.clearTimeout(this.#bannerTimer);
    window.clearTimeout(this.#noticeTimer);
    if (state.kind === 'reconnecting') {
      this.#bannerTimer = window.setTimeout(
        () => this.#showBanner(text('bannerReconnecting')),
        BANNER_DELAY_MS,
      );
      return;
    }
    this.#showOutcome(state);
  }

  #showOutcome(state: LinkState): void {
    switch (state.kind) {
      case 'signedOut':
        this.#showBanner(text('bannerSignedOut'), { href: this.#facts.prefix, label: 'actionSignIn' });
        break;
      case 'forbidden':
        this.#showBanner(text('bannerForbidden'), { href: `${this.#facts.hub}home`, label: 'actionHome' });
        break;
      case 'stopped':
        this.#showBanner(text('bannerStopped'), { href: startUrl(this.#facts), label: 'actionStart' });
        break;
      case 'ended': {
        const how =
          state.signal > 0
            ? text('bannerEndedSignal', { signal: state.signal })
            : text('bannerEnded', { code: state.code });
        this.#showBanner(how, { press: () => this.#replaceFront(), label: 'actionNewShell' });
        break;
      }
      case 'gone':
        this.#showBanner(text('bannerGone'), { press: () => this.#replaceFront(), label: 'actionNewShell' });
        break;
      case 'refused':
        this.#showBanner(state.message, { press: () => this.#replaceFront(), label: 'actionRetry' });
        break;
      default:
        byId('banner').hidden = true;
    }
  }

  #replaceFront(): void {
    const name = this.#front?.session;
    if (name === undefined) return;
    this.#close(name);
    this.#front = undefined;
    this.#open(name);
    this.#bringToFront(name);
  }

  #showBanner(
    message: string,
    action?: { readonly label: TextKey } & ({ readonly href: string } | { readonly press: () => void }),
  ): void {
    const link = byId('banner-action');
    const button = byId('banner-button');
    byId('banner-text').textContent = message;
    link.hidden = !(action && 'href' in action);
    button.hidden = !(action && 'press' in action);
    if (action && 'href' in action) {
      link.setAttribute('href', action.href);
      link.textContent = text(action.label);
    } else if (action) {
      button.onclick = action.press;
      button.textContent = text(action.label);
    }
    byId('banner').hidden = false;
  }

  /** Says something for a while; never in place of what the connection has to say. */
  #notice(key: TextKey, values?: Readonly<Record<string, string | number>>): void {
    if (this.#front && this.#front.state.kind !== 'connected' && this.#front.state.kind !== 'connecting')
      return;
    this.#showBanner(text(key, values));
    window.clearTimeout(this.#noticeTimer);
    this.#noticeTimer = window.setTimeout(() => {
      byId('banner').hidden = true;
    }, NOTICE_MS);
  }

  #switchTheme(): void {
    this.#theme = nextTheme(this.#theme);
    this.#showTheme();
    this.#paint();
  }

  #showTheme(): void {
    const names = { system: 'themeSystem', light: 'themeLight', dark: 'themeDark' } as const;
    label('theme', text(names[this.#theme]));
  }

  #paint(): void {
    this.#colours = applyTheme(this.#theme);
    for (const tab of this.#tabs.values()) tab.setTheme(this.#colours);
  }

  #switchReader(): void {
    this.#reader = !this.#reader;
    writePreference(READER_KEY, this.#reader ? 'on' : 'off');
    byId('reader').setAttribute('aria-pressed', String(this.#reader));
    for (const tab of this.#tabs.values()) tab.setScreenReader(this.#reader);
    this.#front?.focus();
  }
}

/** The page's own skeleton; without it there is no page. */
function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

function label(id: string, words: string, visible = true): void {
  const element = byId(id);
  if (visible) element.textContent = words;
  else element.setAttribute('aria-label', words);
  element.title = words;
}
