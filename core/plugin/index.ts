/**
 * What a plug-in implements and what it may use. Interfaces and trait declarations only: nothing concrete.
 */
export type * from './authenticator.js';
export type * from './proxy-client.js';
export type * from './spawner.js';
