/**
 * What a route must say about itself. A route that says nothing refuses to register: access is denied by default,
 * and an endpoint that everybody may call says so.
 */
import type { FastifyInstance } from 'fastify';

export type RouteAccess =
  /** Anybody; the handler itself decides what an identity changes. */
  | { readonly kind: 'public' }
  /** Any identity, whatever its scopes; else 403. */
  | { readonly kind: 'identified' }
  /** A browser's login; others are sent to sign in (GET) or refused. `services`: a service is none of the others. */
  | { readonly kind: 'signed-in'; readonly scopes?: readonly string[]; readonly services?: true }
  /** Any one of these scopes, filtered by the names in the path. */
  | { readonly kind: 'scopes'; readonly anyOf: readonly string[]; readonly list?: boolean };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** How errors are answered; by path when absent. */
    answers?: 'json' | 'html';
    /** Which XSRF rule applies (JupyterHub 6.1.1 _xsrf_utils.py): pages check writes, the API reads too. */
    xsrf?: 'page' | 'api' | 'exempt';
    /**
     * What a path without a server's name is about: the user's default server (its scope's filter is `!server=U/`), or
     * all servers of the user, for which rights to single ones are not enough. Absent: the user.
     */
    server?: 'default' | 'all';
    /** A GET's body means something; other methods' bodies are read anyway. */
    bodyOfGet?: true;
  }
}

export const PUBLIC: RouteAccess = { kind: 'public' };
export const SIGNED_IN: RouteAccess = { kind: 'signed-in' };
export const IDENTIFIED: RouteAccess = { kind: 'identified' };

export function scopes(...anyOf: readonly string[]): RouteAccess {
  return { kind: 'scopes', anyOf };
}

/** For list endpoints: any filtered holding passes, rows are filtered by the handler. */
export function listScopes(...anyOf: readonly string[]): RouteAccess {
  return { kind: 'scopes', anyOf, list: true };
}

/** @throws Error at registration of a route without `config.access` */
export function requireDeclaredAccess(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined) {
      throw new Error(`route ${String(route.method)} ${route.url} does not declare its access`);
    }
  });
}
