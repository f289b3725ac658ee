/** Questions to a provider's own API in the name of a user. */
import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import { providerRefused, refusedAnswer, unreachable } from './faults.js';
import type { HttpAnswer, ProviderHttp } from './http.js';

const MAX_PAGES = 50;

export class ProviderApi {
  readonly #http: ProviderHttp;

  constructor(http: ProviderHttp) {
    this.#http = http;
  }

  /** Any status below 500. @throws Fault PROVIDER_UNREACHABLE */
  async ask(url: string, what: string, tokenResponse: JsonObject): Promise<HttpAnswer> {
    const answer = await this.#http.fetch(url, what, {
      headers: { authorization: authorization(tokenResponse) },
    });
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408)
      throw unreachable(what, url, `status ${answer.status}`);
    return answer;
  }

  /** @throws Fault PROVIDER_REFUSED for 4xx, PROVIDER_ANSWER for what is no JSON */
  async json(url: string, what: string, tokenResponse: JsonObject): Promise<unknown> {
    return parsed(await this.ask(url, what, tokenResponse), what);
  }

  /** Without a token. @throws Fault */
  async publicJson(url: string, what: string): Promise<unknown> {
    return parsed(await this.#http.fetch(url, what), what);
  }

  /** @throws Fault PROVIDER_ANSWER for what is no object */
  object(answer: HttpAnswer, what: string): JsonObject {
    const value = parsed(answer, what);
    if (!isJsonObject(value)) throw refusedAnswer(what, 'the answer is no object');
    return value;
  }

  /** All pages of a list, by its Link headers, as long as they lead to the same origin. @throws Fault */
  async list(url: string, what: string, tokenResponse: JsonObject): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    const { origin } = new URL(url);
    let next: string | undefined = url;
    for (let page = 0; next !== undefined; page++) {
      if (page === MAX_PAGES) throw refusedAnswer(what, `more than ${MAX_PAGES} pages`);
      if (new URL(next).origin !== origin) throw refusedAnswer(what, 'the next page is on another host');
      const answer: HttpAnswer = await this.ask(next, what, tokenResponse);
      const body = parsed(answer, what);
      if (!Array.isArray(body)) throw refusedAnswer(what, 'the answer is no list');
      items.push(...(body as readonly unknown[]));
      next = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(answer.headers['link'] ?? '')?.[1];
    }
    return items;
  }
}

function parsed({ status, text }: HttpAnswer, what: string): unknown {
  if (status >= 500) throw unreachable(what, '', `status ${status}`);
  if (status >= 400) throw providerRefused(what, status, '', text.slice(0, 300));
  if (status >= 300) throw refusedAnswer(what, `status ${status}: redirects are not followed`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw refusedAnswer(what, 'the answer is no JSON');
    throw error;
  }
}

/** The type is caseless, the header is not everywhere. */
function authorization({ access_token: token, token_type: type }: JsonObject): string {
  const kind = typeof type === 'string' && type.toLowerCase() !== 'bearer' ? type : 'Bearer';
  return `${kind} ${String(token)}`;
}
