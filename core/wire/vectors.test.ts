/** Every vector that JupyterHub's own code produced (test/fixtures/crypto-vectors.json) on our formats. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { escapeName } from '../model/names.js';
import { isoTimestamp, parseTimestamp } from '../model/time.js';
import { AddressBlocks } from './addresses.js';
import { setCookie } from './cookies.js';
import { CryptKeeper, decryptFernet, encryptFernet, parseCryptKey, parseCryptKeys } from './fernet.js';
import { s256Challenge, verifierMatches } from './pkce.js';
import { decodeSignedValue, signValue } from './signed-value.js';
import { isValidServerName, safeSlug, slug } from './slug.js';
import { compareToken, hashToken, serverClientId, tokenPrefix } from './tokens.js';
import { anonymousXsrfId, createXsrfToken, readXsrfToken, xsrfId } from './xsrf.js';

const path = new URL('../../test/fixtures/crypto-vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(path, 'utf8'));
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('tokens', () => {
  it.each(vectors.token_hash as Row[])('hashes $token, $rounds rounds', (row) => {
    expect(hashToken(row.token, row.rounds, row.salt)).toBe(row.stored);
    expect(tokenPrefix(row.token)).toBe(row.prefix);
    expect(compareToken(row.stored, row.token)).toBe(true);
    expect(compareToken(row.stored, `${row.token}x`)).toBe(false);
    expect(compareToken(row.stored.replace(/.$/, '!'), row.token)).toBe(false);
  });

  it.each(vectors.oauth_client_secret as Row[])('hashes a client secret', (row) => {
    expect(hashToken(row.secret, row.rounds, row.salt)).toBe(row.stored);
  });

  it.each(vectors.oauth_client_id as Row[])('names the client of $user/$server', (row) => {
    expect(serverClientId(row.user, row.server)).toBe(row.client_id);
  });

  it.each(vectors.escaped_name as Row[])('escapes $name', (row) => {
    expect(escapeName(row.name)).toBe(row.escaped);
  });
});

describe('signed values', () => {
  it.each(vectors.signed_value_v2 as Row[])('signs $name', (row) => {
    const secret = hex(row.secret_hex);
    const now = Number(row.timestamp);
    expect(signValue(secret, row.name, row.value, now + 0.9)).toBe(row.signed);
    expect(setCookie(row.name, row.signed, {}, 0)).toBe(`${row.name}=${row.set_cookie_value}`);
    const options = { maxAgeDays: 1, now, minVersion: 2 } as const;
    expect(decodeSignedValue(secret, row.name, row.signed, options)).toBe(row.value);
    expect(decodeSignedValue(secret, `${row.name}x`, row.signed, options)).toBeUndefined();
    expect(decodeSignedValue(hex('00'), row.name, row.signed, options)).toBeUndefined();
  });

  const expiry = vectors.signed_value_v2_expiry;
  const secret = hex(vectors.signed_value_v2[0].secret_hex);
  const at = (now: number): string | undefined =>
    decodeSignedValue(secret, 'jupyterhub-hub-login', expiry.signed, {
      maxAgeDays: expiry.max_age_days,
      now,
      minVersion: 1,
    });
  it.each(expiry.ok_at as number[])('is valid at %d', (now) => expect(at(now)).toBeDefined());
  it.each(expiry.fail_at as number[])('is too old at %d', (now) => expect(at(now)).toBeUndefined());

  it('reads version 1 where that is allowed', () => {
    const row = vectors.signed_value_v1;
    const options = { maxAgeDays: 1, now: row.timestamp };
    const key = hex(row.secret_hex);
    expect(decodeSignedValue(key, row.name, row.signed, { ...options, minVersion: 1 })).toBe(row.value);
    expect(decodeSignedValue(key, row.name, row.signed, { ...options, minVersion: 2 })).toBeUndefined();
  });
});

describe('XSRF tokens', () => {
  it.each(vectors.xsrf as Row[])('makes the token of $xsrf_id', (row) => {
    const secret = hex(row.secret_hex);
    const id = xsrfId(row.session_id === 'None' ? undefined : row.session_id, row.user_id);
    expect(id).toBe(row.xsrf_id);
    expect(createXsrfToken(secret, id, Number(row.timestamp))).toBe(row.token);
    expect(readXsrfToken(secret, row.token, Number(row.timestamp))).toBe(id);
  });

  it('names an anonymous browser', () => {
    const row = vectors.anonymous_xsrf_id;
    const header = (name: string): string | undefined => (name === 'User-Agent' ? row.user_agent : undefined);
    const rules = { blocks: new AddressBlocks([]), headers: ['User-Agent'] };
    expect(anonymousXsrfId(row.ip, header, rules)).toBe(row.id);
  });
});

describe('auth_state', () => {
  it.each(vectors.auth_state as Row[])('is the same Fernet token', (row) => {
    const key = hex(row.key_hex);
    expect(encryptFernet(key, row.plaintext, Number(row.timestamp) * 1000, hex(row.iv_hex))).toBe(row.token);
    expect(decryptFernet(key, row.token)).toBe(row.plaintext);
  });

  it('opens with any of several keys, and seals with the first', () => {
    const row = vectors.auth_state_multi;
    const keys = parseCryptKeys(row.env);
    const keeper = new CryptKeeper(keys);
    const state = keeper.decrypt(Buffer.from(row.token));
    expect(state).toMatchObject({ access_token: 'abc', n: 1 });
    const again = Buffer.from(keeper.encrypt(state ?? {}, 1_700_000_000_000)).toString();
    expect(decryptFernet(keys[0] as Uint8Array, again)).toBe(vectors.auth_state[0].plaintext);
    expect(decryptFernet(keys[1] as Uint8Array, again)).toBeUndefined();
  });

  it.each(vectors.crypt_key_parsing as Row[])('reads the key $input', (row) => {
    if (row.result.startsWith('ERROR')) expect(() => parseCryptKey(row.input)).toThrow(TypeError);
    else expect(Buffer.from(parseCryptKey(row.input)).toString('hex')).toBe(row.result);
  });
});

describe('names and times', () => {
  it('computes the PKCE challenge', () => {
    const row = vectors.pkce_s256;
    expect(s256Challenge(row.verifier)).toBe(row.challenge);
    expect(verifierMatches('S256', row.challenge, row.verifier)).toBe(true);
    expect(verifierMatches('plain', row.challenge, row.verifier)).toBe(false);
  });

  it.each(vectors.safe_slug as Row[])('makes a slug of $name', (row) => {
    expect(isValidServerName(row.name)).toBe(row.valid);
    expect(slug(row.name)).toBe(row.slug);
    expect(safeSlug(row.name)).toBe(row.slug_hashed);
  });

  it.each(vectors.datetime as Row[])('writes the time $iso_arg', (row) => {
    const time = parseTimestamp(row.stored_sqlite);
    expect(time && isoTimestamp(time)).toBe(row.api_isoformat);
  });
});

/** Rows are what the recorder wrote: each test names the columns it reads. */
type Row = ReturnType<typeof JSON.parse>;
