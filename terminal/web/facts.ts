/** What the server wrote into the page. */
export interface PageFacts {
  readonly prefix: string;
  readonly hub: string;
  readonly user: string;
  readonly server: string;
  readonly xsrf: string;
  /** Lets xterm.js make its style sheets under the page's policy. */
  readonly nonce: string;
}

export function readFacts(): PageFacts {
  const { prefix = '/', hub = '/hub/', user = '', server = '', xsrf = '' } = document.documentElement.dataset;
  // Browsers hide the attribute from CSS; the property still has it.
  const nonce = document.querySelector<HTMLScriptElement>('#app')?.nonce ?? '';
  return { prefix, hub, user, server, xsrf, nonce };
}

/** Where this server is started again. */
export function startUrl(facts: PageFacts): string {
  const server = facts.server === '' ? '' : `/${encodeURIComponent(facts.server)}`;
  return `${facts.hub}spawn/${encodeURIComponent(facts.user)}${server}`;
}
