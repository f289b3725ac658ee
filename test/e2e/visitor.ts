import { type Dispatcher, request } from 'undici';

export interface Visit {
  readonly status: number;
  readonly url: string;
  readonly text: string;
}

/** A browser without a screen that goes from site to site: cookies by host and path, redirects, forms. */
export class Visitor {
  readonly #jar: { readonly origin: string; readonly name: string; value: string; readonly path: string }[] =
    [];

  /** Follows redirects; stops where one leads to `until`, if given, without going there. */
  async get(url: string, until?: RegExp): Promise<Visit> {
    return this.#send('GET', url, undefined, until);
  }

  async post(url: string, form: Readonly<Record<string, string>>, until?: RegExp): Promise<Visit> {
    return this.#send('POST', url, new URLSearchParams(form).toString(), until);
  }

  /** Names of cookies that would be sent to an address. */
  cookies(url: string): readonly string[] {
    return this.#matching(new URL(url)).map(({ name }) => name);
  }

  /** As if the browser had lost them. */
  forget(url: string, name: RegExp): void {
    for (const cookie of this.#matching(new URL(url)).filter((each) => name.test(each.name)))
      this.#jar.splice(this.#jar.indexOf(cookie), 1);
  }

  /**
   * Signs in at the provider's own form. @param from an address of the hub that leads there
   * @param until where to stop on the way back
   */
  async signIn(from: string, account: string, until?: RegExp): Promise<Visit> {
    const form = await this.get(from, until);
    if (until?.test(form.url)) return form;
    const action = /<form[^>]*action="([^"]+)"/.exec(form.text)?.[1];
    if (action === undefined)
      throw new Error(`no form at ${form.url} (${form.status}): ${form.text.slice(0, 500)}`);
    const to = new URL(action, form.url).href;
    return this.post(to, { prompt: 'login', login: account, password: 'any' }, until);
  }

  async #send(method: 'GET' | 'POST', url: string, body: string | undefined, until?: RegExp): Promise<Visit> {
    let [target, how, sent] = [new URL(url), method, body];
    for (let hop = 0; hop < 20; hop++) {
      const answer = await request(target, {
        method: how,
        headers: {
          cookie: this.#matching(target)
            .map(({ name, value }) => `${name}=${value}`)
            .join('; '),
          'sec-fetch-mode': 'navigate',
          ...(sent !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        body: sent ?? null,
        headersTimeout: 110_000,
      });
      this.#store(target, answer);
      const text = await answer.body.text();
      const { location } = answer.headers;
      if (typeof location !== 'string' || answer.statusCode < 300 || answer.statusCode > 399)
        return { status: answer.statusCode, url: target.href, text };
      target = new URL(location, target);
      if (until?.test(target.href)) return { status: answer.statusCode, url: target.href, text: '' };
      [how, sent] = ['GET', undefined];
    }
    throw new Error(`too many redirects from ${url}, at ${target.href}`);
  }

  #matching(url: URL) {
    return this.#jar.filter(({ origin, path }) => origin === url.origin && url.pathname.startsWith(path));
  }

  #store(url: URL, answer: Dispatcher.ResponseData): void {
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const path = attributes.find((part) => /^path=/i.test(part))?.slice('path='.length) ?? '/';
      const index = this.#jar.findIndex(
        (each) => each.origin === url.origin && each.name === name && each.path === path,
      );
      if (index >= 0) this.#jar.splice(index, 1);
      if (value !== '' && value !== '""') this.#jar.push({ origin: url.origin, name, value, path });
    }
  }
}
