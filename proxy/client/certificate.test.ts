import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { certificateFaults } from './certificate.js';

const pem = (name: string): string => join(packageRoot(), 'test', 'fixtures', 'tls', name);
const CERT = pem('server.crt');
const KEY = pem('server.key');
let folder = '';
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const faults = (cert: string, key: string, passphrase?: string) =>
  certificateFaults({ cert, key }, passphrase).map((fault) => `${fault.file}: ${fault.message}`);

describe('the look at a certificate before the start', () => {
  it('finds nothing wrong with one that fits, alone, in a chain, and in one file with its key', () => {
    const chain = `Bag Attributes\n${readFileSync(CERT, 'utf8')}${readFileSync(pem('ca.crt'), 'utf8')}`;
    const one = file('one.pem', `${readFileSync(KEY, 'utf8')}${chain}`);
    expect(faults(CERT, KEY)).toEqual([]);
    expect(faults(file('chain.pem', chain), KEY)).toEqual([]);
    expect(faults(one, one)).toEqual([]);
  });

  it('says of both files what is wrong', () => {
    const gone = join(folder, 'gone.pem');
    expect(faults(gone, folder)).toEqual([
      `cert: ${gone} does not exist`,
      `key: ${folder} cannot be read (EISDIR)`,
    ]);
    expect(faults(KEY, CERT)).toEqual([
      `cert: ${KEY} is no certificate, but a private key`,
      `key: ${CERT} is no private key, but a certificate`,
    ]);
    const empty = file('empty.pem', '');
    expect(faults(empty, empty)).toEqual([
      `cert: ${empty} is no certificate in the PEM format`,
      `key: ${empty} is no private key in the PEM format`,
    ]);
    const cut = (path: string): string => readFileSync(path, 'utf8').slice(0, 300);
    expect(faults(file('cut.crt', cut(CERT)), file('cut.key', cut(KEY)))).toEqual([
      expect.stringMatching(/^cert: .*cut\.crt is a damaged certificate \(/),
      expect.stringMatching(/^key: .*cut\.key is a damaged private key \(/),
    ]);
  });

  it('says when the key is that of another certificate', () => {
    expect(faults(CERT, pem('client.key'))).toEqual([
      `key: ${pem('client.key')} is not the key of the certificate ${CERT}`,
    ]);
  });

  it('opens an encrypted key with the passphrase that the proxy gets', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open',
    });
    const path = file('locked.key', String(text));
    expect(faults(CERT, path, 'open')).toEqual([
      expect.stringContaining('is not the key of the certificate'),
    ]);
    for (const passphrase of [undefined, 'shut'])
      expect(faults(CERT, path, passphrase)).toEqual([
        `key: ${path} is encrypted, and CONFIGPROXY_SSL_KEY_PASSPHRASE in the environment does not open it`,
      ]);
  });
});
