/**
 * What an authenticator keeps in a browser between sending it to a provider and its return: one signed cookie a value, so
 * that several tabs do not undo each other's. The signature covers a name of its own kind, so no other value that the
 * hub has signed can stand in for one.
 */
import { createHmac } from 'node:crypto';
import { type CookieAttributes, cookieNames, cookieValues } from '../../core/wire/cookies.js';
import { decodeSignedValue, signValue } from '../../core/wire/signed-value.js';
import { hubPrefix, type SessionSettings, transientCookieAttributes } from './settings.js';

const NAME = /^[\w-]{1,64}$/;
const PREFIX = 'anteroom-auth-';
const DAYS = 1;
/** More are not looked at: each costs a signature's check. */
const MAX_READ = 32;

export function rememberedCookie(
  name: string,
  settings: SessionSettings,
  tls: boolean,
): { readonly name: string; readonly attributes: CookieAttributes & { readonly path: string } } {
  if (!NAME.test(name)) throw new TypeError(`no name for a cookie: ${JSON.stringify(name)}`);
  const { cookieHostPrefixEnabled: host } = settings;
  const attributes = {
    ...transientCookieAttributes(settings, tls),
    maxAge: DAYS * 86_400,
    path: host ? '/' : hubPrefix(settings),
    ...(host && { secure: true }),
  };
  return { name: `${host ? '__Host-' : ''}${PREFIX}${name}`, attributes };
}

/** Max-Age wins over an end in the past: a cookie that is taken away must not have one. */
export function withoutAge({ maxAge: _maxAge, ...attributes }: CookieAttributes & { readonly path: string }) {
  return attributes;
}

export function signRemembered(name: string, value: string, settings: SessionSettings, now: number): string {
  return signValue(settings.cookieSecret, `${PREFIX}${name}`, value, now);
}

export function authenticatorKey({ cookieSecret }: SessionSettings): Uint8Array {
  return createHmac('sha256', cookieSecret).update('anteroom authenticator').digest();
}

/** Only what this hub has signed, a day ago at most. */
export function readRemembered(
  cookieHeader: string | undefined,
  settings: SessionSettings,
  now: number,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const prefix = `${settings.cookieHostPrefixEnabled ? '__Host-' : ''}${PREFIX}`;
  const names = cookieNames(cookieHeader).filter((name) => name.startsWith(prefix));
  for (const cookie of names.slice(-MAX_READ)) {
    const name = cookie.slice(prefix.length);
    // Another path or host may have tossed in a second one of the name.
    for (const signed of cookieValues(cookieHeader, cookie).slice(-4)) {
      const options = { maxAgeDays: DAYS, now, minVersion: 2 } as const;
      const value = decodeSignedValue(settings.cookieSecret, `${PREFIX}${name}`, signed, options);
      if (value !== undefined) found.set(name, value);
    }
  }
  return found;
}
