/**
 * What an endpoint of the REST API says about itself, beside its handler, for the OpenAPI document. It is a description
 * only: bodies are read by the handlers, whose answers to mistakes are JupyterHub's and no validator's.
 */
import type { JsonObject } from '../../core/model/json.js';

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type Schema = JsonObject;

export interface Answer {
  readonly description: string;
  /** Content by media type; absent: no body. */
  readonly content?: Readonly<Record<string, Schema>>;
}

export interface Endpoint {
  /** `operationId`, unique in the document; JupyterHub's where it has one. */
  readonly id: string;
  readonly summary: string;
  /** Query parameters. */
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: {
    readonly schema: Schema;
    readonly required?: boolean;
    /** Default `application/json`. */
    readonly type?: string;
  };
  /** By status, what is no refusal as the gate's; those are added by the document. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Scopes that the handler itself asks for, where the gate cannot know them. */
  readonly scopes?: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route of the API without it does not register; `unlisted` is one that has no other answer than a refusal. */
    endpoint?: Endpoint | 'unlisted';
  }
}

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function json(description: string, schema: Schema): Answer {
  return { description, content: { 'application/json': schema } };
}

/** Bare, and in pages for a client that accepts JupyterHub's media type for them (6.1.1 apihandlers/base.py). */
export function listed(description: string, items: Schema): Answer {
  return json(description, { oneOf: [items, pageOf(items)] });
}

/** Always in pages, as the lists of shares are. */
export function pages(description: string, items: Schema): Answer {
  return json(description, pageOf(items));
}

export function empty(description: string): Answer {
  return { description };
}

export function refused(description: string): Answer {
  return json(description, ref('Error'));
}

export const PAGE_QUERY: Readonly<Record<string, Schema>> = {
  offset: { type: 'integer', minimum: 0, description: 'where to begin' },
  limit: {
    type: 'integer',
    minimum: 1,
    description: 'how many at most; JupyterHub.api_page_max_limit is the end',
  },
};

function pageOf(items: Schema): Schema {
  return {
    type: 'object',
    required: ['items', '_pagination'],
    properties: { items, _pagination: ref('Pagination') },
  };
}
