import { RedirectBrowser } from '../../support/redirect-browser.js';
import { type Decision, decideHere } from '../decisions/our-hub.js';
import type { Case } from './cases.js';

/** The same person at ours: there and back, then the hub's own rules. */
export function decide(each: Case): Promise<Decision> {
  return decideHere(each, async ({ authenticator, signIn }) => {
    const browser = new RedirectBrowser(authenticator);
    const state = new URL(await browser.leave()).searchParams.get('state') ?? '';
    const answer = await browser.open('oauth_callback', { code: 'a-code', state });
    if (answer.kind === 'failed') throw answer.fault;
    if (answer.kind !== 'outcome') throw new Error(answer.kind);
    return signIn.finish(answer.outcome, { remoteAddress: '192.0.2.1' });
  });
}
