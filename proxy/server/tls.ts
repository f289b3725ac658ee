/** Reads the files of one TLS side. Owns ciphers, protocol and CA splitting; opens no socket. */
import { readFileSync, statSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../core/fault.js';
import { type FlagName, type Flags, UsageError } from './flags.js';

export interface TlsSettings {
  readonly key?: Buffer;
  readonly cert?: Buffer;
  readonly ca?: string[];
  readonly passphrase?: string;
  readonly dhparam?: Buffer;
  readonly secureProtocol?: string;
  readonly ciphers?: string;
}

export interface ListenerTls {
  readonly settings: TlsSettings;
  readonly requestCert: boolean;
}

export type TlsSide = 'ssl' | 'api-ssl' | 'client-ssl';

/** Where the TLS of one side comes from, so that it can be read again. */
export interface TlsSource {
  /** @throws UsageError for an unreadable or unfit file */
  read(): ListenerTls;
  /** Tells the files as they are now from others. */
  signature(): string;
  /** Of what was read last, fit or not. */
  readonly lastRead: string;
}

/** Forward-secret suites first; no anonymous, export, RC4, 3DES, MD5 or Camellia suites. TLS 1.3 suites are always on. */
const DEFAULT_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'HIGH',
  '!aNULL',
  '!eNULL',
  '!EXPORT',
  '!DES',
  '!3DES',
  '!MD5',
  '!PSK',
  '!SRP',
  '!CAMELLIA',
];

/** @returns undefined when none of the side's files is named */
export function tlsSource(
  flags: Flags,
  side: TlsSide,
  passphrase: string | undefined,
): TlsSource | undefined {
  const names = { key: `${side}-key`, cert: `${side}-cert`, ca: `${side}-ca` } as const;
  const turnsOn: readonly FlagName[] =
    side === 'client-ssl' ? [names.key, names.cert, names.ca] : [names.key, names.cert];
  if (!turnsOn.some((name) => flags.get(name))) return undefined;
  const shared = side === 'client-ssl' ? [] : (['ssl-dhparam'] as const);
  const files = [names.key, names.cert, names.ca, ...shared].flatMap((name) => flags.get(name) || []);
  let lastRead = '';
  return {
    read() {
      // Before the files: what changes meanwhile is read again.
      lastRead = signatureOf(files);
      return readTls(flags, side, names, passphrase);
    },
    signature: () => signatureOf(files),
    get lastRead() {
      return lastRead;
    },
  };
}

function signatureOf(files: readonly string[]): string {
  return files
    .map((file) => {
      try {
        const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
        return `${dev}:${ino}:${size}:${mtimeNs}`;
      } catch (error) {
        // Reading it will say so.
        return messageOf(error);
      }
    })
    .join(' ');
}

function readTls(
  flags: Flags,
  side: TlsSide,
  names: { readonly [each in 'key' | 'cert' | 'ca']: FlagName },
  passphrase: string | undefined,
): ListenerTls {
  const settings: TlsSettings = {
    ...optional('key', readIf(flags, names.key)),
    ...optional('cert', readIf(flags, names.cert)),
    ...optional('ca', splitCertificates(readIf(flags, names.ca))),
    ...optional('passphrase', passphrase || undefined),
    ...(side === 'client-ssl' ? {} : listenerSettings(flags)),
  };
  check(settings, side);
  return { settings, requestCert: flags.has(`${side}-request-cert`) };
}

/** What our listeners agree to. Targets have their own settings, and Node's defaults meet them (as in CHP 5.3.0). */
function listenerSettings(flags: Flags): Pick<TlsSettings, 'dhparam' | 'secureProtocol' | 'ciphers'> {
  return {
    ...optional('dhparam', readIf(flags, 'ssl-dhparam')),
    ...optional('secureProtocol', protocolMethod(flags)),
    ciphers: cipherList(flags),
  };
}

/**
 * What `https.createServer` and `tls.createServer` take. Whoever is asked for a certificate is refused when it does
 * not verify, with or without `--...-reject-unauthorized`: so it is in CHP too, by Node's default.
 */
export function serverTlsOptions(tls: ListenerTls): TlsOptions {
  return {
    ...tls.settings,
    honorCipherOrder: true,
    requestCert: tls.requestCert,
    rejectUnauthorized: true,
  };
}

function check(settings: TlsSettings, side: TlsSide): void {
  try {
    createSecureContext(settings);
  } catch (error) {
    throw new UsageError(`--${side}-key/-cert/-ca or --ssl-protocol/-ciphers/-dhparam: ${messageOf(error)}`);
  }
}

function readIf(flags: Flags, name: FlagName): Buffer | undefined {
  const path = flags.get(name);
  if (!path) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--${name}: ${messageOf(error)}`);
  }
}

/** OpenSSL's store, as Node feeds it, takes one certificate an entry. */
function splitCertificates(bundle: Buffer | undefined): string[] | undefined {
  return (
    bundle
      ?.toString('latin1')
      .match(/-----BEGIN [A-Z ]*CERTIFICATE-----[\s\S]*?-----END [A-Z ]*CERTIFICATE-----/g) ?? undefined
  );
}

function protocolMethod(flags: Flags): string | undefined {
  const stem = flags.get('ssl-protocol');
  return stem ? `${stem}_method` : undefined;
}

function cipherList(flags: Flags): string {
  const given = flags.get('ssl-ciphers');
  if (given) return given;
  return [...DEFAULT_CIPHERS, flags.has('ssl-allow-rc4') ? 'RC4' : '!RC4'].join(':');
}

function optional<K extends string, V>(name: K, content: V | undefined): { readonly [key in K]?: V } {
  return content === undefined ? {} : ({ [name]: content } as { readonly [key in K]: V });
}
