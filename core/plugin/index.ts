/**
 * What a plug-in implements and what it may use. Interfaces and trait declarations only: nothing concrete.
 */

export { declareClass } from '../config/declare.js';
export * as traits from '../config/traits.js';
export type * from './authenticator.js';
export type * from './authenticator-routes.js';
export { AuthenticatorClass, LocalAuthenticatorClass } from './authenticator-traits.js';
export type * from './proxy-client.js';
export type * from './spawner.js';
export { SpawnerClass } from './spawner-traits.js';
