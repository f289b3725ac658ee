/** A browser without a screen: cookies by path, redirects, XSRF, and the way a person goes from the form to a server. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Many people, each with connections of their own, as they have at a proxy. */
export class Browser {
  #jar = new Map();
  #agent = new Agent({ connections: 2, pipelining: 1, headersTimeout: 120_000, bodyTimeout: 120_000 });
  /** Answers 429 that this person met. */
  refusals = 0;

  constructor(origin) {
    this.origin = origin;
  }

  /**
   * Types name and password and waits for the server, as a person does who is turned away: after `Retry-After` they
   * press the button again.
   * @returns seconds from the press of the sign-in button to the server's first answer
   * @throws Error when the way ends elsewhere than at the server, or after `patienceMs`
   */
  async signInAndSpawn(name, patienceMs = 180_000) {
    await this.#ask('GET', '/hub/login');
    const pressed = performance.now();
    const late = () => performance.now() - pressed > patienceMs;
    const form = new URLSearchParams({ username: name, password: 'x', _xsrf: this.#jar.get('_xsrf').value });
    let page = await this.#follow(await this.#ask('POST', '/hub/login', form));
    while (!this.#isServer(page, name)) {
      if (late()) throw new Error(`${name}: no server in time; last ${page.status} ${page.path}`);
      page = await this.#next(name, page);
    }
    return (performance.now() - pressed) / 1000;
  }

  close() {
    return this.#agent.destroy();
  }

  #isServer(page, name) {
    return page.status === 200 && page.path.startsWith(`/user/${name}/`) && page.text === 'mock';
  }

  /** What the page shown leads to. */
  async #next(name, page) {
    if (page.status === 429) {
      this.refusals += 1;
      await delay(Number(page.headers['retry-after'] ?? 10) * 1000);
      return this.#follow(await this.#ask('GET', '/hub/spawn'));
    }
    if (page.path.startsWith('/hub/spawn-pending/')) {
      await this.#untilReady(name);
      return this.#follow(await this.#ask('GET', `/user/${name}/`));
    }
    // A server whose route is a moment late shows the hub's page for it; people reload.
    if (page.status === 424 || page.status === 503) {
      await delay(500);
      return this.#follow(await this.#ask('GET', '/hub/spawn'));
    }
    throw new Error(`${name}: ${page.status} ${page.path} ${page.text.slice(0, 300)}`);
  }

  /** The page's own script: reads the progress events until the server is ready or has failed. */
  async #untilReady(name) {
    const url = `/hub/api/users/${name}/server/progress?_xsrf=${encodeURIComponent(this.#jar.get('_xsrf').value)}`;
    const { text } = await this.#ask('GET', url);
    const last = text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .at(-1);
    if (last === undefined) return;
    const event = JSON.parse(last.slice('data: '.length));
    if (event.failed) throw new Error(`${name}: ${event.message}`);
  }

  async #follow(page) {
    let at = page;
    for (let hops = 0; at.status >= 300 && at.status < 400 && hops < 20; hops += 1) {
      const next = new URL(at.headers.location, `${this.origin}${at.path}`);
      at = await this.#ask('GET', `${next.pathname}${next.search}`);
    }
    return at;
  }

  async #ask(method, path, form) {
    const { statusCode, headers, body } = await request(new URL(path, this.origin), {
      method,
      dispatcher: this.#agent,
      headers: {
        cookie: this.#cookies(path),
        accept: path.includes('/progress') ? 'text/event-stream' : 'text/html',
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form && { body: form.toString() }),
    });
    for (const line of [headers['set-cookie'] ?? []].flat()) this.#store(line);
    return { status: statusCode, headers, path, text: await body.text() };
  }

  #cookies(path) {
    return [...this.#jar]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, cookie]) => `${name}=${cookie.value}`)
      .join('; ');
  }

  #store(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const path = attributes.find((part) => /^path=/i.test(part))?.slice('path='.length) ?? '/';
    this.#jar.set(name, { value: pair.slice(name.length + 1), path });
  }
}
