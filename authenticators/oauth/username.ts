/** Who somebody is, from what the provider says of them. */
import { Fault } from '../../core/fault.js';
import type { JsonObject } from '../../core/model/json.js';
import { misfit } from './faults.js';
import type { UsernameClaim } from './traits.js';

/**
 * What stands under `username_claim`, or what the function says. An e-mail address counts if the provider has verified it:
 * at many of them anybody can claim any address.
 * @throws Fault when there is none, or it is not verified
 */
export async function claimedName(claim: string | UsernameClaim, userInfo: JsonObject): Promise<string> {
  const name: unknown = typeof claim === 'string' ? userInfo[claim] : await claim(userInfo);
  if (typeof name !== 'string' || name === '') {
    const what = typeof claim === 'string' ? `no ${claim}` : 'no name from username_claim';
    throw misfit(
      'Sign-in is not configured correctly: the identity provider gives no user name.',
      `${what} among ${Object.keys(userInfo).join(', ')}; correct username_claim, or ask for more with scope`,
    );
  }
  if (claim === 'email') demandVerified(userInfo, ['email_verified']);
  return name;
}

/** @param flags names under which a provider says so; only `true` itself counts. @throws Fault 403 */
export function demandVerified(userInfo: JsonObject, flags: readonly string[]): void {
  if (flags.some((flag) => userInfo[flag] === true)) return;
  throw new Fault(
    'EMAIL_UNVERIFIED',
    'The identity provider has not verified your e-mail address. Verify it there, then sign in again.',
    { status: 403, detail: `none of ${flags.join(', ')} is true` },
  );
}

/** Numbers and texts; `undefined` for what is neither. */
export function subjectText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
