/**
 * The OAuth provider with which single-user servers and services sign people in (RFC 6749 authorization code, RFC 7636),
 * answer for answer JupyterHub 6.1.1's.
 *
 * Owns: the authorize and token endpoints, authorization codes, clients, the feed of revocations. Does not own: who the
 * visitor is (`hub/session`), what scopes mean and who holds them (`core/scopes`, `hub/rbac`), the page (`templates`).
 */
export { ensureHubClient, forgetOrphanClients, registerClient } from './clients.js';
export { RevocationFeed, registerRevocations, revocationsOf } from './revocations.js';
export { registerOAuth } from './routes.js';
