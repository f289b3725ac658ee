/** A service account of Google's: its key file, and the tokens that it buys (RFC 7523) to act as an administrator. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SignJWT } from 'jose';
import { messageOf } from '../../core/fault.js';
import { type JsonObject, parseJsonObject } from '../../core/model/json.js';
import { safeText } from '../../core/wire/scrub.js';
import { misfit, refusedAnswer, unreachable } from './faults.js';
import type { ProviderHttp } from './http.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const WHAT = "the service account's token endpoint";
/** Seconds: as long as Google lets one live. */
const LIFE = 3600;
/** Seconds before its end from which a token is no longer used. */
const MARGIN = 60;

interface ServiceAccountOptions {
  readonly domain: string;
  readonly keyFile: string;
  /** The address of the administrator to act as. */
  readonly subject: string;
  readonly scope: string;
  readonly http: ProviderHttp;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Key {
  readonly email: string;
  readonly id: string;
  readonly tokenUrl: string;
  readonly key: KeyObject;
}

interface Token {
  readonly response: JsonObject;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export class ServiceAccount {
  readonly #options: ServiceAccountOptions;
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;

  constructor(options: ServiceAccountOptions) {
    this.#options = options;
  }

  /** One for all who need it at once. @throws Fault */
  async token(): Promise<JsonObject> {
    if (this.#token && this.#options.now() < this.#token.until) return this.#token.response;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    this.#token = await this.#asking;
    return this.#token.response;
  }

  async #ask(): Promise<Token> {
    const { domain, subject, scope, http, now, keyFile } = this.#options;
    // Read each time, so that a new key needs no new start.
    const { email, id, tokenUrl, key } = readable(keyFile, domain);
    const seconds = Math.floor(now() / 1000);
    const assertion = await new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(id !== '' && { kid: id }) })
      .setIssuer(email)
      .setSubject(subject)
      .setAudience(tokenUrl)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + LIFE)
      .sign(key);
    const { status, text } = await http.fetch(tokenUrl, WHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
    });
    if (status >= 500 || status === 429) throw unreachable(WHAT, tokenUrl, `status ${status}`);
    const response = parseJsonObject(text);
    if (status >= 400)
      throw groupsMisfit(
        domain,
        `${WHAT} answered ${status} ${String(response?.['error'] ?? '')}: ${String(response?.['error_description'] ?? '')}; does the key still count, may it act for the domain, and is ${subject} an administrator?`,
      );
    if (typeof response?.['access_token'] !== 'string')
      throw refusedAnswer(WHAT, `status ${status} without an access_token`);
    const life = Number(response['expires_in'] ?? LIFE);
    return { response, until: now() + (life - MARGIN) * 1000 };
  }
}

/** What is wrong with a key file, in words for the start; `undefined` when it can be used. */
export function keyFileFault(path: string): string | undefined {
  try {
    readKey(path);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The groups of a domain cannot be read, whoever signs in: an administrator has to do something. */
export function groupsMisfit(domain: string, detail: string) {
  return misfit(
    'Sign-in is not configured correctly: the Google groups cannot be read.',
    `Google groups of ${domain}: ${safeText(detail, 600)}`,
  );
}

/** @throws Fault when the file has become unusable since the start */
function readable(path: string, domain: string): Key {
  try {
    return readKey(path);
  } catch (error) {
    throw groupsMisfit(domain, messageOf(error));
  }
}

/** @throws Error naming the file and what is missing, never what it holds */
function readKey(path: string): Key {
  const found = parseJsonObject(readFileSync(path, 'utf8'));
  if (!found) throw new Error(`${path} is no key of a service account: it is no JSON object`);
  const text = (name: string): string => {
    const value = found[name];
    if (typeof value === 'string' && value !== '') return value;
    throw new Error(`${path} is no key of a service account: it has no ${name}`);
  };
  const [email, tokenUrl, pem] = [text('client_email'), text('token_uri'), text('private_key')];
  if (!/^https?:/.test(tokenUrl) || !URL.canParse(tokenUrl))
    throw new Error(`${path}: its token_uri is no http(s) address`);
  const id = found['private_key_id'];
  return { email, tokenUrl, id: typeof id === 'string' ? id : '', key: privateKey(pem, path) };
}

function privateKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's words may quote what it read.
    throw new Error(`${path}: its private_key cannot be read; download the key anew`);
  }
}
