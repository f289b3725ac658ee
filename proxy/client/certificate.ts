/**
 * Looks at the certificate before the proxy is started with it: the proxy's own words name its flags and OpenSSL's routines,
 * not the settings that are wrong.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../core/fault.js';
import type { TlsFiles } from './options.js';

export interface CertificateFault {
  readonly file: 'cert' | 'key';
  readonly message: string;
}

/** @param passphrase of the key, where it is encrypted */
export function certificateFaults(
  { cert, key }: Pick<TlsFiles, 'cert' | 'key'>,
  passphrase: string | undefined,
): readonly CertificateFault[] {
  const faults: CertificateFault[] = [];
  const look = <T>(file: CertificateFault['file'], read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push({ file, message: messageOf(error) });
      return undefined;
    }
  };
  const certificate = look('cert', () => certificateIn(cert));
  const privateKey = look('key', () => keyIn(key, passphrase));
  if (!certificate || !privateKey) return faults;
  if (!certificate.checkPrivateKey(privateKey)) {
    return [{ file: 'key', message: `${key} is not the key of the certificate ${cert}` }];
  }
  look('cert', () => usable(cert, key, passphrase));
  return faults;
}

function certificateIn(path: string): X509Certificate {
  const pem = contentOf(path);
  const holdsOne = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(pem);
  const hint = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) ? ', but a private key' : ' in the PEM format';
  if (!holdsOne) throw new Error(`${path} is no certificate${hint}`);
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error(`${path} is a damaged certificate (${messageOf(error)})`);
  }
}

function keyIn(path: string, passphrase: string | undefined): KeyObject {
  const pem = contentOf(path);
  const holdsOne = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem);
  const hint = /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(pem)
    ? ', but a certificate'
    : ' in the PEM format';
  if (!holdsOne) throw new Error(`${path} is no private key${hint}`);
  try {
    return createPrivateKey({ key: pem, ...(passphrase && { passphrase }) });
  } catch (error) {
    const encrypted = /ENCRYPTED/.test(pem);
    throw new Error(
      encrypted
        ? `${path} is encrypted, and CONFIGPROXY_SSL_KEY_PASSPHRASE in the environment does not open it`
        : `${path} is a damaged private key (${messageOf(error)})`,
    );
  }
}

function usable(cert: string, key: string, passphrase: string | undefined): void {
  try {
    createSecureContext({ cert: contentOf(cert), key: contentOf(key), ...(passphrase && { passphrase }) });
  } catch (error) {
    throw new Error(`${cert} cannot be used for TLS (${messageOf(error)})`);
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error(`${path} does not exist`);
    throw new Error(`${path} cannot be read (${code ?? messageOf(error)})`);
  }
}
