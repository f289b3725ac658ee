import { randomUUID } from 'node:crypto';
import { apiVersionOf } from './kinds.js';
import type { Stored } from './objects.js';
import type { ApiRequest } from './request.js';
import { fieldMatch, labelMatch, type Match } from './selectors.js';
import { badRequest, expired } from './status.js';
import type { Store } from './store.js';

interface Rest {
  readonly version: number;
  readonly items: readonly Stored[];
}

/** Snapshots kept for lists whose pages are still being read. */
const SNAPSHOTS = 100;

export function matchOf({ kind, query }: ApiRequest): Match {
  const label = labelMatch(query.get('labelSelector') ?? '');
  const field = fieldMatch(query.get('fieldSelector') ?? '', kind.kind);
  return (object) => label(object) && field(object);
}

/** Lists, a page at a time; all pages of one list show the same moment. */
export class Lister {
  readonly #store: Store;
  readonly #rests = new Map<string, Rest>();

  constructor(store: Store) {
    this.#store = store;
  }

  list(request: ApiRequest): object {
    const { kind, namespace, query } = request;
    const { version, items } = this.#from(request, query.get('continue') ?? '', namespace);
    const limit = Number(query.get('limit') ?? '0');
    const page = limit > 0 ? items.slice(0, limit) : items;
    const rest = items.slice(page.length);
    const more =
      rest.length === 0
        ? {}
        : { continue: this.#keep({ version, items: rest }), remainingItemCount: rest.length };
    return {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata: { resourceVersion: String(version), ...more },
      // items of a typed list come without their kind
      items: page.map(({ apiVersion: _, kind: __, ...item }) => item),
    };
  }

  #from(request: ApiRequest, token: string, namespace: string): Rest {
    if (token === '')
      return {
        version: this.#store.version,
        items: this.#store.list(request.kind, namespace).filter(matchOf(request)),
      };
    const rest = this.#rests.get(token);
    if (!rest)
      throw badRequest('continue key is not valid: the test API server did not give it, or long ago');
    if (rest.version < this.#store.oldest)
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      );
    return rest;
  }

  #keep(rest: Rest): string {
    const token = Buffer.from(
      JSON.stringify({ v: 'meta.k8s.io/v1', rv: rest.version, id: randomUUID() }),
    ).toString('base64url');
    this.#rests.set(token, rest);
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > SNAPSHOTS && oldest !== undefined) this.#rests.delete(oldest);
    return token;
  }
}
