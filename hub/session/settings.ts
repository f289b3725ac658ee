/** What sessions need to know of the configuration, resolved once at start; and the cookies they write. */
import type { AddressRules } from '../../core/wire/addresses.js';
import type { CookieAttributes } from '../../core/wire/cookies.js';
import type { AnonymousIdRules } from '../../core/wire/xsrf.js';

export const SESSION_COOKIE = 'jupyterhub-session-id';
/** Set by JupyterHub before 3.2; still cleared at sign-out. */
export const LEGACY_SERVICES_COOKIE = 'jupyterhub-services';
const LOGIN_COOKIE = 'jupyterhub-hub-login';
/** Tornado's lifetime of a signed cookie in the browser; what counts is `cookieMaxAgeDays`, checked when it comes back. */
const LOGIN_COOKIE_DAYS = 30;

export interface SessionSettings {
  readonly cookieSecret: Uint8Array;
  /** `/` or `/prefix/`. */
  readonly baseUrl: string;
  readonly cookieHostPrefixEnabled: boolean;
  readonly cookieMaxAgeDays: number;
  /** `tornado_settings.cookie_options`: over the defaults, under what a cookie must have. */
  readonly cookieOptions: CookieAttributes;
  /** `tornado_settings.xsrf_cookie_kwargs`, else the cookie options. */
  readonly xsrfCookieOptions: CookieAttributes;
  readonly publicUrl: URL | undefined;
  /** Host name of `subdomain_host`, without port: the session id is shared by all hosts below it. */
  readonly cookieDomain: string | undefined;
  readonly activityResolutionSeconds: number;
  readonly addresses: AddressRules;
  readonly anonymousIds: AnonymousIdRules;
}

export function hubPrefix(settings: SessionSettings): string {
  return `${settings.baseUrl}hub/`;
}

export function loginCookieName(settings: SessionSettings): string {
  return settings.cookieHostPrefixEnabled ? `__Host-${LOGIN_COOKIE}` : LOGIN_COOKIE;
}

/** @param tls whether the browser is reached by TLS, for hubs that do not know their public URL */
export function loginCookieAttributes(settings: SessionSettings, tls: boolean): CookieAttributes {
  const attributes = {
    ...common(settings, tls),
    expiresDays: settings.cookieOptions.expiresDays ?? LOGIN_COOKIE_DAYS,
    path: hubPrefix(settings),
  };
  if (!settings.cookieHostPrefixEnabled) return attributes;
  // Browsers take the prefix only with these, and without a domain.
  const { domain: _domain, ...host } = attributes;
  return { ...host, path: '/', secure: true };
}

export function sessionCookieAttributes(settings: SessionSettings, tls: boolean): CookieAttributes {
  return {
    ...common(settings, tls),
    path: settings.baseUrl,
    ...(settings.cookieDomain !== undefined && { domain: settings.cookieDomain }),
  };
}

/** A cookie of the hub's own that must come back when another site sends the browser here, and only then. */
export function transientCookieAttributes(settings: SessionSettings, tls: boolean): CookieAttributes {
  const { domain: _domain, expires: _expires, expiresDays: _days, ...attributes } = common(settings, tls);
  // Strict would keep it back on the return from a provider.
  return { ...attributes, sameSite: 'Lax' };
}

export function xsrfCookieAttributes(settings: SessionSettings, anonymousSeconds?: number): CookieAttributes {
  const { expires, expiresDays, maxAge, ...lasting } = settings.xsrfCookieOptions;
  const path = hubPrefix(settings);
  if (anonymousSeconds !== undefined) return { ...lasting, path, maxAge: anonymousSeconds };
  return { ...settings.xsrfCookieOptions, path };
}

function common(settings: SessionSettings, tls: boolean): CookieAttributes {
  const secure = settings.publicUrl ? settings.publicUrl.protocol === 'https:' : tls;
  return { httpOnly: true, ...(secure && { secure }), ...settings.cookieOptions };
}
