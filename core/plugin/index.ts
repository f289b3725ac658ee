/**
 * What a plug-in implements and what it may use: interfaces, trait declarations, and the error that speaks to users.
 */

export { declareClass } from '../config/declare.js';
export * as traits from '../config/traits.js';
export { Fault } from '../fault.js';
export type * from './authenticator.js';
export { AuthenticatorClass, LocalAuthenticatorClass } from './authenticator-traits.js';
export type * from './proxy-client.js';
export type * from './spawner.js';
export { SpawnerClass } from './spawner-traits.js';
