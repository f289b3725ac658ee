/** What can go wrong with a provider, in words for the person at the browser; what it was stands in the log. */
import { Fault } from '../../core/fault.js';
import { safeText } from '../../core/wire/scrub.js';

const AGAIN = 'Try again in a moment; if it stays so, tell an administrator of this hub.';

/** Nobody answered, or not in time, or with a fault of the provider's own. */
export function unreachable(what: string, url: string, reason: string): Fault {
  return new Fault('PROVIDER_UNREACHABLE', `The identity provider does not answer. ${AGAIN}`, {
    status: 503,
    detail: `${what} at ${url.split('?', 1)[0]}: ${safeText(reason, 300)}`,
    headers: { 'Retry-After': '5' },
  });
}

/** An answer that cannot be right: not to be trusted, whoever sent it. */
export function refusedAnswer(what: string, reason: string): Fault {
  return new Fault('PROVIDER_ANSWER', `The identity provider's answer was not accepted. ${AGAIN}`, {
    status: 502,
    detail: `${what}: ${safeText(reason, 300)}`,
  });
}

/** The provider refused what the hub asked: a code or token that is no longer good, or a hub that it does not know. */
export function providerRefused(what: string, status: number, error: string, description: string): Fault {
  const ours = ['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope'].includes(
    error,
  );
  const message = ours
    ? 'The identity provider does not accept this hub. An administrator has to correct its configuration.'
    : 'The identity provider did not accept this sign-in. Please sign in again.';
  return new Fault('PROVIDER_REFUSED', message, {
    status: ours ? 500 : 403,
    detail: `${what} answered ${status} ${safeText(error, 100)}: ${safeText(description, 300)}`,
  });
}

/** The browser came back without what it was sent away with. */
export function lostState(why: string): Fault {
  return new Fault(
    'SIGN_IN_STATE',
    'This sign-in was begun in another browser, is used up or too old, or cookies are blocked. Please sign in again.',
    { status: 400, detail: why },
  );
}

/** The configuration asks for something that the provider does not give. */
export function misfit(message: string, detail: string): Fault {
  return new Fault('PROVIDER_MISFIT', message, { status: 500, detail });
}

/** Whether the provider could not be asked at all: what is known then stands. */
export function isOutage(error: unknown): error is Fault {
  return error instanceof Fault && error.code === 'PROVIDER_UNREACHABLE';
}

export function isRefusal(error: unknown): error is Fault {
  return error instanceof Fault && error.code === 'PROVIDER_REFUSED';
}
