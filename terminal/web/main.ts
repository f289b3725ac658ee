/**
 * The terminal page. Owns: start-up order. The rest: page.ts (bar, tabs, banner), terminal-tab.ts (emulator and link),
 * ../protocol/link.ts (connection), safety.ts (what programs may do), texts.ts (every text), theme.ts.
 *
 * What tests and style sheets may rely on:
 *   body[data-state]            of the terminal in front: connecting connected reconnecting signed-out forbidden
 *                               stopped ended gone refused
 *   #bar #tabs .tab[data-session][aria-selected] #new-session #connection #word #viewers #reader #theme #sign-out
 *   #banner #banner-text #banner-action (link) #banner-button
 *   #terminals .terminal[data-session]   one section a session; those not in front are [hidden]
 *   .terminal .xterm-rows       text, with the DOM renderer: localStorage['anteroom-renderer'] = 'dom'
 *   .terminal .xterm-accessibility-tree  text, with screen reader mode: localStorage['anteroom-screen-reader'] = 'on'
 *   location.hash               name of the session in front
 */
import { readFacts } from './facts.js';
import { Page } from './page.js';

const facts = readFacts();

// xterm.js makes <style> elements as it goes; the page's policy takes them with its nonce only.
const createElement = document.createElement.bind(document);
document.createElement = ((name: string, options?: ElementCreationOptions) => {
  const element = createElement(name, options);
  if (element instanceof HTMLStyleElement) element.nonce = facts.nonce;
  return element;
}) as typeof document.createElement;

void new Page(facts).start();
