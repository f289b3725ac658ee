/**
 * Sessions: who makes a request, how somebody signs in and out, the cookies and XSRF tokens of the hub.
 *
 * Owns: the cookie secret, the login and session cookies, the rules of admission and the limits on failures, what a
 * sign-in writes into the database, when activity is recorded. Does not own: what a principal may do (`hub/rbac`),
 * OAuth (`hub/oauth`), the pages (`hub/pages`), the formats (`core/wire`).
 */
export { accountRights } from './account-rights.js';
export { Accounts } from './accounts.js';
export { ActivityRecorder } from './activity.js';
export { Admission, type AdmissionSettings } from './admission.js';
export { loadCookieSecret } from './cookie-secret.js';
export { Identities } from './identities.js';
export { registerSession, requireXsrf, sessionOf } from './plugin.js';
export { AuthRefresh } from './refresh.js';
export { Sessions } from './sessions.js';
export type { SessionSettings } from './settings.js';
export { SignIn, type SignInContext, type SignInForm } from './sign-in.js';
export type { SignInLimitSettings } from './sign-in-failures.js';
export { SignInLimits } from './sign-in-limits.js';
export { SignOut } from './sign-out.js';
export { TokenFinder } from './token-finder.js';
