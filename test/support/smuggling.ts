/**
 * Requests on whose end two servers could disagree. Every one carries a second request where only a wrong reading
 * finds it: a target that is asked for `/smuggled-...` has been reached by octets that were not a request. Every
 * case asks for paths of its own (`/p-017`, `/smuggled-017`), so that many can run side by side.
 */
export interface SmugglingCase {
  readonly name: string;
  readonly bytes: string;
  /** Answers that the client may see, in order; a case that may be refused or served says both. */
  readonly statuses: RegExp;
}

/** As long as what stands in its place, so that lengths may be counted before. */
const NUMBER = '###';
const INNER = `GET /smuggled-${NUMBER} HTTP/1.1\r\nHost: x\r\n\r\n`;
const P = `/p-${NUMBER}`;
const CHUNKED_INNER = `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`;
const refused = /^(?:400|411|413|417|431|501|505)$/;
/** Once answered, whether served or refused. */
const once = /^(?:200|400|404|405|417|426|431|501|505)$/;
/** Not answered is as good as refused. */
const refusedOrSilent = /^(?:400|431|505)?$/;

type Case = Omit<SmugglingCase, 'name'>;

function post(fields: readonly string[], body: string, statuses: RegExp = refused): Case {
  return { bytes: `POST ${P} HTTP/1.1\r\n${['Host: x', ...fields].join('\r\n')}\r\n\r\n${body}`, statuses };
}

function withMethod(method: string, fields: readonly string[], body: string, statuses: RegExp = once): Case {
  return {
    bytes: `${method} ${P} HTTP/1.1\r\n${['Host: x', ...fields].join('\r\n')}\r\n\r\n${body}`,
    statuses,
  };
}

function head(text: string, statuses: RegExp = refused): Case {
  return { bytes: `${text}\r\n\r\n${INNER}`, statuses };
}

const CL = `Content-Length: ${INNER.length}`;
const TE = 'Transfer-Encoding: chunked';
const UPGRADE = [
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ'];

const LENGTHS: Readonly<Record<string, Case>> = {
  'CL then TE': post(['Content-Length: 4', TE], `0\r\n\r\n${INNER}`),
  'TE then CL': post([TE, 'Content-Length: 4'], `0\r\n\r\n${INNER}`),
  'CL covers all, TE ends at once': post([`Content-Length: ${INNER.length + 5}`, TE], `0\r\n\r\n${INNER}`),
  'CL 0 and TE': post(['Content-Length: 0', TE], CHUNKED_INNER),
  'CL and TE with other fields between': post(['Content-Length: 4', 'X: y', TE, 'Z: z'], `0\r\n\r\n${INNER}`),
  'CL and TE on GET': withMethod('GET', ['Content-Length: 4', TE], `0\r\n\r\n${INNER}`, refused),
  'CL and TE on DELETE': withMethod('DELETE', ['Content-Length: 0', TE], CHUNKED_INNER, refused),
  'CL and an obfuscated TE': post(['Content-Length: 4', 'Transfer-Encoding: xchunked'], `0\r\n\r\n${INNER}`),
  'CL and TE identity': post(['Content-Length: 4', 'Transfer-Encoding: identity'], `0\r\n\r\n${INNER}`),
  'two different lengths': post(['Content-Length: 0', CL], INNER),
  'two different lengths, longer first': post([CL, 'Content-Length: 0'], INNER),
  'two equal lengths': post([CL, CL], INNER),
  'two lengths in different case': post([CL, 'content-length: 0'], INNER),
  'a list of lengths': post([`Content-Length: ${INNER.length}, ${INNER.length}`], INNER),
  'a list of different lengths': post([`Content-Length: 0, ${INNER.length}`], INNER),
  'length with plus': post([`Content-Length: +${INNER.length}`], INNER),
  'length with minus': post([`Content-Length: -${INNER.length}`], INNER),
  'length in hex': post([`Content-Length: 0x${INNER.length.toString(16)}`], INNER),
  'length with fraction': post([`Content-Length: ${INNER.length}.0`], INNER),
  'length with exponent': post(['Content-Length: 1e1'], INNER),
  'length with underscore': post(['Content-Length: 1_0'], INNER),
  'length with blank inside': post(['Content-Length: 0 5'], INNER),
  'length with leading zeros': post([`Content-Length: 000${INNER.length}`], INNER, /^(?:200|400)$/),
  'length with a tab': post([`Content-Length:\t${INNER.length}`], INNER, /^(?:200|400)$/),
  'length in quotes': post([`Content-Length: "${INNER.length}"`], INNER),
  'length with NBSP': post([`Content-Length: \u00a0${INNER.length}`], INNER),
  'empty length': post(['Content-Length:'], INNER),
  'length beyond 64 bits': post(['Content-Length: 18446744073709551616'], INNER, refusedOrSilent),
  'length near 2^53': post(['Content-Length: 9007199254740993'], INNER, refusedOrSilent),
  'a name like CL': post(['Content_Length: 5', 'Content-Length: 0'], '', once),
  'blank before the colon of CL': post(['Content-Length : 5', 'X: y'], INNER),
};

const CODINGS: Readonly<Record<string, Case>> = {
  'blank before the colon of TE': post(['Transfer-Encoding : chunked'], CHUNKED_INNER),
  'tab before the colon of TE': post(['Transfer-Encoding\t: chunked'], CHUNKED_INNER),
  'a folded TE': post(['Transfer-Encoding:', ' chunked'], CHUNKED_INNER),
  'a folded line hides CL': post(['X: y', ' Content-Length: 5'], INNER),
  'a tab folds a line': post(['X: y', `\t${TE}`, CL], INNER),
  'a first line that is folded': {
    bytes: `POST ${P} HTTP/1.1\r\n Host: x\r\n${CL}\r\n\r\n${INNER}`,
    statuses: refused,
  },
  'TE with vertical tab': post(['Transfer-Encoding: \u000bchunked'], CHUNKED_INNER),
  'TE with form feed': post(['Transfer-Encoding: chunked\u000c'], CHUNKED_INNER),
  'TE with NUL': post(['Transfer-Encoding: chunked\u0000'], CHUNKED_INNER),
  'TE with NBSP': post(['Transfer-Encoding: chunked\u00a0'], CHUNKED_INNER),
  'TE with a tab before': post(['Transfer-Encoding:\tchunked'], CHUNKED_INNER, once),
  'TE quoted': post(['Transfer-Encoding: "chunked"'], CHUNKED_INNER),
  'TE xchunked': post(['Transfer-Encoding: xchunked'], CHUNKED_INNER),
  'TE chunkedx': post(['Transfer-Encoding: chunkedx'], CHUNKED_INNER),
  'TE chunked twice': post(['Transfer-Encoding: chunked, chunked'], CHUNKED_INNER),
  'TE with an empty member': post(['Transfer-Encoding: , chunked'], CHUNKED_INNER),
  'TE with an empty last member': post(['Transfer-Encoding: chunked,'], CHUNKED_INNER),
  'two TE lines': post([TE, TE], CHUNKED_INNER),
  'TE chunked and identity lines': post([TE, 'Transfer-Encoding: identity'], CHUNKED_INNER),
  'TE identity and chunked lines': post(['Transfer-Encoding: identity', TE], CHUNKED_INNER),
  'TE identity': post(['Transfer-Encoding: identity'], INNER),
  'TE gzip, chunked': post(['Transfer-Encoding: gzip, chunked'], CHUNKED_INNER),
  'TE chunked, gzip': post(['Transfer-Encoding: chunked, gzip'], CHUNKED_INNER),
  'TE with parameter': post(['Transfer-Encoding: chunked;x=y'], CHUNKED_INNER),
  'TE empty': post(['Transfer-Encoding:'], CHUNKED_INNER),
  'TE in 1.0': { bytes: `POST ${P} HTTP/1.0\r\nHost: x\r\n${TE}\r\n\r\n${CHUNKED_INNER}`, statuses: refused },
  'TE in 1.0, kept alive': {
    bytes: `POST ${P} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n${TE}\r\n\r\n${CHUNKED_INNER}`,
    statuses: refused,
  },
};

const LINES: Readonly<Record<string, Case>> = {
  'bare LF line ends': head(`GET ${P} HTTP/1.1\nHost: x\nX: y`, refusedOrSilent),
  'only bare LF': {
    bytes: `GET ${P} HTTP/1.1\nHost: x\n\n${INNER.replaceAll('\r', '')}`,
    statuses: refusedOrSilent,
  },
  'a bare LF ends the head': {
    bytes: `GET ${P} HTTP/1.1\r\nHost: x\r\n\n${INNER}`,
    statuses: refusedOrSilent,
  },
  'CR CR LF ends a line': head(`GET ${P} HTTP/1.1\r\nHost: x\r\r\nX: y`),
  'CR CR LF ends the head': {
    bytes: `GET ${P} HTTP/1.1\r\nHost: x\r\n\r\r\n${INNER}`,
    statuses: refusedOrSilent,
  },
  'bare CR in a value': head(`POST ${P} HTTP/1.1\r\nHost: x\r\nX: a\r${CL}`),
  'bare CR hides TE': post([`X: a\r${TE}`, 'Content-Length: 0'], CHUNKED_INNER),
  'bare LF in a value': post(['X: a\nTransfer-Encoding: chunked'], CHUNKED_INNER),
  'bare LF hides a length': post([`X: a\nContent-Length: ${INNER.length}`], INNER),
  'NUL in a value': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nX: a\u0000b`),
  'NUL in a name': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nX\u0000: a`),
  'NUL in the target': head(`GET ${P}\u0000 HTTP/1.1\r\nHost: x`),
  'DEL in a value': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nX: a\u007fb`),
  'an empty name': head(`GET ${P} HTTP/1.1\r\nHost: x\r\n: a`),
  'a line without colon': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nabc`),
  'a name with brackets': head(`GET ${P} HTTP/1.1\r\nHost: x\r\n[a]: b`),
  'a name with a blank': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nContent-Length X: 5`),
  'a name that is not ASCII': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nContent-Length\u00ff: 5`),
};

const TARGETS: Readonly<Record<string, Case>> = {
  'a blank in the target': head(`GET ${P} /smuggled-${NUMBER} HTTP/1.1\r\nHost: x`),
  'a tab after the method': head(`GET\t${P} HTTP/1.1\r\nHost: x`),
  'a CR in the target': head(`GET ${P}\r/x HTTP/1.1\r\nHost: x`),
  'a lower-case version': head(`GET ${P} http/1.1\r\nHost: x`),
  'version 1.10': head(`GET ${P} HTTP/1.10\r\nHost: x`),
  'version 1.2': head(`GET ${P} HTTP/1.2\r\nHost: x`),
  'version 0.9': head(`GET ${P} HTTP/0.9\r\nHost: x`),
  'a blank behind the version': head(`GET ${P} HTTP/1.1 \r\nHost: x`),
  'no version': { bytes: `GET ${P}\r\n\r\n${INNER}`, statuses: refused },
  'a lower-case method': head(`get ${P} HTTP/1.1\r\nHost: x`),
  'an unknown method': head(`SMUGGLE ${P} HTTP/1.1\r\nHost: x`),
  'no Host': head(`GET ${P} HTTP/1.1\r\nX: y`),
  'two Hosts': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nHost: y`),
  'two equal Hosts': head(`GET ${P} HTTP/1.1\r\nHost: x\r\nHost: x`),
  'a Host with a blank': head(`GET ${P} HTTP/1.1\r\nHost: x y`),
  'a Host with a comma and slash': head(`GET ${P} HTTP/1.1\r\nHost: x/y`),
  'a Host with userinfo': head(`GET ${P} HTTP/1.1\r\nHost: y@x`),
  'absolute form and another Host, which is folded': head(`GET http://x${P} HTTP/1.1\r\nHost:\r\n y`),
  'authority form': head('CONNECT x:80 HTTP/1.1\r\nHost: x', /^(?:400|405)$/),
};

const CHUNKS: Readonly<Record<string, Case>> = {
  'a chunk size with plus': post([TE], `+5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size with 0x': post([TE], `0x5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size with blank before': post([TE], ` 5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size with blank behind': post([TE], `5 \r\nabcde\r\n0\r\n\r\n${INNER}`, once),
  'a chunk size with tab behind': post([TE], `5\t\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size beyond 64 bits': post([TE], `10000000000000005\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size of 64 bits': post([TE], `ffffffffffffffff\r\nabcde\r\n0\r\n\r\n${INNER}`, refusedOrSilent),
  'a chunk size with underscore': post([TE], `0_5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a negative chunk size': post([TE], `-1\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'an empty chunk size': post([TE], `\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size line ended by LF': post([TE], `5\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size line ended by CR': post([TE], `5\rabcde\r\n0\r\n\r\n${INNER}`),
  'chunk data longer than its size': post([TE], `3\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'chunk data shorter than its size': post([TE], `9\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'chunk data ended by LF': post([TE], `5\r\nabcde\n0\r\n\r\n${INNER}`),
  'chunk data ended by CR': post([TE], `5\r\nabcde\r0\r\n\r\n${INNER}`),
  'an extension with LF': post([TE], `5;a\nb\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'an extension with CR': post([TE], `5;a\rb\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'an extension with a quoted CRLF': post([TE], `5;a="\r\nabcde\r\n0\r\n\r\n${INNER}"`),
  'last chunk ended by LF': post([TE], `0\n\n${INNER}`),
  'last chunk without empty line': post([TE], `0\r\n${INNER.replace('GET', 'X: y')}`, once),
  'a trailer without colon': post([TE], `0\r\nabc\r\n\r\n${INNER}`),
  'a trailer that is folded': post([TE], `0\r\nX: y\r\n z\r\n\r\n`, once),
};

/** Framed without doubt: the octets of `INNER` are a body and stay one. */
const WELL_FRAMED: Readonly<Record<string, Case>> = {
  'a request as body': post([CL], INNER, /^200$/),
  'a request as chunk': post([TE], CHUNKED_INNER, /^200$/),
  'a request as chunk, with extension': post(
    [TE],
    `${INNER.length.toString(16)};a=b\r\n${INNER}\r\n0\r\n\r\n`,
    once,
  ),
  'a chunk size in capitals, with zeros': post(
    [TE],
    `000${INNER.length.toString(16).toUpperCase()}\r\n${INNER}\r\n000\r\n\r\n`,
    once,
  ),
  'a trailer that names a length': post([TE], '1\r\na\r\n0\r\nContent-Length: 100\r\n\r\n', once),
  'a trailer that names a coding': post([TE], `1\r\na\r\n0\r\n${TE}\r\n\r\n`, once),
  'a trailer that names a Host': post([TE, 'Trailer: Host'], '1\r\na\r\n0\r\nHost: y\r\n\r\n', once),
  'a body on GET': withMethod('GET', [CL], INNER),
  'a chunked body on DELETE': withMethod('DELETE', [TE], CHUNKED_INNER),
  'a chunked body on GET': withMethod('GET', [TE], CHUNKED_INNER),
  'a chunked body on HEAD': withMethod('HEAD', [TE], CHUNKED_INNER),
  'a chunked body on OPTIONS': withMethod('OPTIONS', [TE], CHUNKED_INNER),
  'a body on DELETE': withMethod('DELETE', [CL], INNER),
  'a body on OPTIONS': withMethod('OPTIONS', [CL], INNER),
  'a body on HEAD': withMethod('HEAD', [CL], INNER),
  'a Connection that lists framing': post(
    [CL, 'Connection: keep-alive, content-length, transfer-encoding, host'],
    INNER,
    /^200$/,
  ),
  'a Connection that lists the coding': post([TE, 'Connection: transfer-encoding'], CHUNKED_INNER, once),
  'two blanks after the method': { bytes: `GET  ${P} HTTP/1.1\r\nHost: x\r\n\r\n`, statuses: once },
  'empty lines before the request': { bytes: `\r\n\r\nGET ${P} HTTP/1.1\r\nHost: x\r\n\r\n`, statuses: once },
  'TE in capitals': post(['TRANSFER-ENCODING: CHUNKED'], CHUNKED_INNER, once),
  'absolute form and another Host': { bytes: `GET http://y${P} HTTP/1.1\r\nHost: x\r\n\r\n`, statuses: once },
  'absolute form with userinfo': {
    bytes: `GET http://a:b@y${P} HTTP/1.1\r\nHost: x\r\n\r\n`,
    statuses: once,
  },
  'Expect, and the body at once': post(['Expect: 100-continue', CL], INNER, /^(?:100 )?(?:200|417)$/),
  'Expect, chunked': post(['Expect: 100-continue', TE], CHUNKED_INNER, /^(?:100 )?(?:200|417)$/),
  'Expect of something else': post(['Expect: 200-ok', CL], INNER, once),
  'Expect without a body': withMethod('GET', ['Expect: 100-continue'], '', /^(?:100 )?(?:200|417)$/),
  '1.0 with a length': {
    bytes: `POST ${P} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n${CL}\r\n\r\n${INNER}`,
    statuses: once,
  },
};

/** Offers of another protocol: what follows is a body, or belongs to a tunnel that the target has agreed to. */
const UPGRADES: Readonly<Record<string, Case>> = {
  'WebSocket, refused or not': withMethod(
    'GET',
    [...UPGRADE, 'Upgrade: websocket'],
    INNER,
    /^(?:101|200|400|426)$/,
  ),
  'WebSocket with a length': withMethod('GET', [...UPGRADE, 'Upgrade: websocket', CL], INNER),
  'WebSocket with a coding': withMethod('GET', [...UPGRADE, 'Upgrade: websocket', TE], CHUNKED_INNER),
  'WebSocket by POST': post([...UPGRADE, 'Upgrade: websocket', CL], INNER, once),
  'WebSocket in 1.0': {
    bytes: `GET ${P} HTTP/1.0\r\nHost: x\r\n${UPGRADE.join('\r\n')}\r\nUpgrade: websocket\r\n\r\n`,
    statuses: /^(?:101|200|400|426)$/,
  },
  'WebSocket of a wrong version': withMethod(
    'GET',
    ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 777'],
    INNER,
    /^(?:101|200|400|426)$/,
  ),
  'Upgrade that Connection does not list': post(['Upgrade: websocket', CL], INNER, once),
  'h2c with a body': post([...H2C, CL], INNER, once),
  'h2c with a chunked body': post([...H2C, TE], CHUNKED_INNER, once),
  'h2c with both': post([...H2C, 'Content-Length: 4', TE], `0\r\n\r\n${INNER}`),
  'the HTTP/2 preface': { bytes: `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${INNER}`, statuses: refusedOrSilent },
};

/** Two requests that both are ones: answered in their order, or the connection ends with the first. */
const NEXT = `GET /next-${NUMBER} HTTP/1.1\r\nHost: x\r\n\r\n`;
const served = /^(?:200|400|405|417)(?: 200)?$/;
const followed = (first: Case): Case => ({ bytes: `${first.bytes}${NEXT}`, statuses: served });
const PIPELINED: Readonly<Record<string, Case>> = Object.fromEntries(
  Object.entries<Case>({
    GET: withMethod('GET', [CL], INNER),
    HEAD: withMethod('HEAD', [CL], INNER),
    DELETE: withMethod('DELETE', [CL], INNER),
    OPTIONS: withMethod('OPTIONS', [CL], INNER),
    POST: withMethod('POST', [CL], INNER),
    'chunked GET': withMethod('GET', [TE], CHUNKED_INNER),
    'chunked DELETE': withMethod('DELETE', [TE], CHUNKED_INNER),
    'chunked POST': withMethod('POST', [TE], CHUNKED_INNER),
    'h2c POST': withMethod('POST', [...H2C, CL], INNER),
    'trailered POST': withMethod('POST', [TE], '1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n'),
    'closing GET': withMethod('GET', ['Connection: close'], ''),
  }).map(([name, one]) => [`${name}, and another behind its body`, followed(one)]),
);

const ALL = {
  ...LENGTHS,
  ...CODINGS,
  ...LINES,
  ...TARGETS,
  ...CHUNKS,
  ...WELL_FRAMED,
  ...UPGRADES,
  ...PIPELINED,
};

export const SMUGGLING: readonly SmugglingCase[] = Object.entries<Case>(ALL).map(([name, one], index) => ({
  name,
  statuses: one.statuses,
  bytes: one.bytes.replaceAll(NUMBER, String(index).padStart(NUMBER.length, '0')),
}));

/** What a list of requests, however written, asks for of the corpus: `p-017`, `smuggled-017`, `next-017`. */
export function askedFor(text: string): readonly string[] {
  return [...text.matchAll(/\/((?:p|smuggled|next)-\d{3})/g)].map((match) => match[1] ?? '');
}
