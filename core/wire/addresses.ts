/**
 * Addresses: blocks of them, the address of the client behind proxies, and the protocol its browser speaks.
 * The client is the right-most forwarded address that is no proxy of ours; the protocol is worked out as
 * JupyterHub 6.1.1 does (`utils.get_browser_protocol`).
 */
import { BlockList, isIP } from 'node:net';

/** Hops looked at from the right; a longer chain is somebody's noise. */
const MAX_HOPS = 32;

/** CIDR blocks and single addresses. */
export class AddressBlocks {
  readonly #blocks: readonly { readonly text: string; readonly list: BlockList }[];

  /** @throws TypeError naming the text that is no address or block */
  constructor(texts: readonly string[]) {
    this.#blocks = texts.map((text) => {
      const block = parseBlock(text);
      const list = new BlockList();
      list.addSubnet(block.address, block.prefix, block.family);
      return { text: `${block.address}/${block.prefix}`, list };
    });
  }

  get empty(): boolean {
    return this.#blocks.length === 0;
  }

  /** The block (as `address/prefix`) that an address is in. */
  match(address: string): string | undefined {
    const plain = normalizeAddress(address);
    if (plain === undefined) return undefined;
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    return this.#blocks.find((block) => block.list.check(plain, family))?.text;
  }
}

/** Strips brackets, port, zone and the IPv4-in-IPv6 form; `undefined` when the text is no address. */
export function normalizeAddress(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 64) return undefined;
  const bare =
    /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed)?.[1];
  const address = (bare ?? trimmed).replace(/%[^%]*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  return isIP(plain) === 0 ? undefined : plain;
}

export interface AddressRules {
  /** `JupyterHub.trusted_downstream_ips`. */
  readonly trusted: AddressBlocks;
  /** Whether an address is our own proxy's (loopback, when it runs here). */
  readonly isOwnProxy: (address: string) => boolean;
}

/**
 * Who handed the request to our own proxy, or the right-most X-Forwarded-For entry beyond that is not trusted. Only the
 * peer of the socket can be our proxy: a program on the same machine that goes through it comes from its address too.
 * Whoever is neither speaks for themselves only: what they claim to forward is not believed.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, rules: AddressRules): string {
  const isTrusted = (address: string): boolean => rules.trusted.match(address) !== undefined;
  let address = normalizeAddress(peer) ?? peer;
  if (forwardedFor === undefined) return address;
  let passed = rules.isOwnProxy(address) || isTrusted(address);
  for (const entry of forwardedFor.split(',').slice(-MAX_HOPS).reverse()) {
    if (!passed) return address;
    const next = normalizeAddress(entry);
    if (next === undefined) return address;
    address = next;
    passed = isTrusted(address);
  }
  return address;
}

/**
 * Who handed the request to our own proxy: the entry that our proxy itself appended, the right-most. A request that did
 * not come through our proxy is its peer's. One hop and no more: beyond it stand claims.
 */
export function peerAddress(
  peer: string,
  forwardedFor: string | undefined,
  rules: Pick<AddressRules, 'isOwnProxy'>,
): string {
  const address = normalizeAddress(peer) ?? peer;
  if (!rules.isOwnProxy(address)) return address;
  const last = forwardedFor?.split(',').at(-1);
  return (last === undefined ? undefined : normalizeAddress(last)) ?? address;
}

/**
 * What the browser sees, so the outermost hop counts. It may be spoofed by the browser's own side only; used for
 * building and recognising URLs of our own, never for trust.
 */
export function browserProtocol(
  header: (name: string) => string | undefined,
  connection: 'http' | 'https',
): 'http' | 'https' {
  const first = header('forwarded')?.split(',', 1)[0] ?? '';
  for (const field of first.split(';')) {
    const [key, value] = field.split('=', 2);
    if (key?.trim().toLowerCase() === 'proto') {
      const proto = asProtocol(value);
      if (proto) return proto;
    }
  }
  const scheme = header('x-scheme') ?? header('x-forwarded-proto');
  return asProtocol(scheme?.split(',', 1)[0]) ?? connection;
}

/**
 * Whether some hop between us and the browser is TLS, by the outermost proxy that speaks of it or by the nearest
 * (tornado 6.6.1 `_apply_xheaders` asks the nearest only). Cookies are for TLS alone then.
 */
export function speaksTls(
  header: (name: string) => string | undefined,
  connection: 'http' | 'https',
): boolean {
  const scheme = header('x-scheme') ?? header('x-forwarded-proto');
  const nearest = asProtocol(scheme?.split(',').at(-1)) ?? connection;
  return nearest === 'https' || browserProtocol(header, connection) === 'https';
}

function asProtocol(text: string | undefined): 'http' | 'https' | undefined {
  const proto = text?.trim().toLowerCase();
  return proto === 'http' || proto === 'https' ? proto : undefined;
}

interface Block {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseBlock(text: string): Block {
  const [address = '', prefixText, ...rest] = text.trim().split('/');
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  const valid = rest.length === 0 && version !== 0 && /^\d{1,3}$/.test(prefixText ?? '0') && prefix <= bits;
  if (!valid) throw new TypeError(`${JSON.stringify(text)} is no address or CIDR block`);
  // The URL parser writes IPv6 in its one short form, as Python does.
  const short = version === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
  return { address: short, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}
