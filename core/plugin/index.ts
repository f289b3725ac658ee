/**
 * What a plug-in implements and what it may use: interfaces, trait declarations, and the error that carries words.
 */

export { declareClass, type Resolved } from '../config/declare.js';
export * as traits from '../config/traits.js';
export { Fault, type FaultOptions } from '../fault.js';
export type * from './authenticator.js';
export type * from './authenticator-routes.js';
export { AuthenticatorClass, LocalAuthenticatorClass } from './authenticator-traits.js';
export type * from './proxy-client.js';
export type * from './spawner.js';
export { SpawnerClass } from './spawner-traits.js';
