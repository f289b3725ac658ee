/**
 * Authenticators that redirect to a provider: OAuthenticator 17's classes on openid-client and plain OAuth 2.
 *
 * Owns: the way to the provider and back, what is known of a user there, and when it is asked again. Does not own: who may
 * enter in general, names of two people that look alike (`hub/session`), cookies (the hub signs them).
 */
export { auth0 } from './auth0.js';
export { azuread } from './azuread.js';
export { bitbucket } from './bitbucket.js';
export { cilogon } from './cilogon.js';
export { generic } from './generic.js';
export { github } from './github.js';
export { gitlab } from './gitlab.js';
export { google } from './google.js';
export { openshift } from './openshift.js';
