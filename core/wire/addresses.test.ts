import { describe, expect, it } from 'vitest';
import { AddressBlocks, browserProtocol, clientAddress, normalizeAddress, speaksTls } from './addresses.js';

const rules = {
  trusted: new AddressBlocks(['10.0.0.0/8', '2001:db8::/32']),
  isOwnProxy: (address: string) => address === '127.0.0.1',
};

describe('clientAddress', () => {
  it.each([
    ['our proxy names the client', '127.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['what the client itself claims stands left', '127.0.0.1', '6.6.6.6, 192.0.2.1', '192.0.2.1'],
    ['trusted load balancers are passed', '127.0.0.1', '6.6.6.6, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
    ['mapped IPv4 is trusted as IPv4', '::ffff:127.0.0.1', '192.0.2.1, ::ffff:10.1.2.3', '192.0.2.1'],
    ['IPv6, bracketed', '127.0.0.1', '[2001:db9::7]:443, 2001:db8::1', '2001:db9::7'],
    ['a shell beside our proxy is not our proxy', '127.0.0.1', '192.0.2.1, 127.0.0.1', '127.0.0.1'],
    ['nor behind a trusted load balancer', '127.0.0.1', '192.0.2.1, 127.0.0.1, 10.1.2.3', '127.0.0.1'],
    ['a trusted peer without our proxy', '10.1.2.3', '6.6.6.6, 192.0.2.1', '192.0.2.1'],
    ['a stranger is not believed', '198.51.100.9', '127.0.0.1, 192.0.2.1', '198.51.100.9'],
    ['nonsense ends the walk', '127.0.0.1', '192.0.2.1, unknown', '127.0.0.1'],
    ['all trusted: the left-most', '127.0.0.1', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ['no header', '192.0.2.5', undefined, '192.0.2.5'],
    ['an endless chain', '127.0.0.1', '10.0.0.1, '.repeat(50_000), '127.0.0.1'],
  ])('%s', (_name, peer, header, expected) => expect(clientAddress(peer, header, rules)).toBe(expected));
});

describe('AddressBlocks', () => {
  it('names the block as Python writes it', () => {
    expect(new AddressBlocks(['192.0.2.1']).match('192.0.2.1')).toBe('192.0.2.1/32');
    expect(new AddressBlocks(['FD00:0:0::/8']).match('fd12::1')).toBe('fd00::/8');
  });
  it.each(['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129'])('refuses %j', (text) => {
    expect(() => new AddressBlocks([text])).toThrow(TypeError);
  });
  it.each(['1.2.3', 'localhost', '', `1.1.1.1${' '.repeat(99)}x`])('knows that %j is no address', (text) => {
    expect(normalizeAddress(text)).toBeUndefined();
  });
});

describe('browserProtocol', () => {
  it.each([
    [{ forwarded: 'for=1;proto=HTTPS, proto=http' }, 'https'],
    [{ forwarded: 'for=1', 'x-forwarded-proto': 'https,http' }, 'https'],
    [{ 'x-scheme': 'https', 'x-forwarded-proto': 'http' }, 'https'],
    [{ 'x-forwarded-proto': 'gopher' }, 'http'],
    [{}, 'http'],
  ])('%j', (headers: Record<string, string>, expected) => {
    expect(browserProtocol((name) => headers[name], 'http')).toBe(expected);
  });
});

describe('speaksTls', () => {
  it.each([
    [{ 'x-forwarded-proto': 'https,http' }, true],
    [{ 'x-forwarded-proto': 'http,https' }, true],
    [{ 'x-forwarded-proto': 'http,http' }, false],
    [{ 'x-scheme': 'http', 'x-forwarded-proto': 'https' }, false],
    [{ 'x-forwarded-proto': 'gopher' }, false],
    [{}, false],
  ])('%j', (headers: Record<string, string>, expected) => {
    expect(speaksTls((name) => headers[name], 'http')).toBe(expected);
    expect(speaksTls(() => undefined, 'https')).toBe(true);
  });
});
