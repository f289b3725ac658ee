/**
 * Requests on whose end two servers could disagree. Every one carries a second request where only a wrong reading
 * finds it: a target that is asked for `/smuggled` has been reached by octets that were not a request.
 */
export interface SmugglingCase {
  readonly name: string;
  readonly bytes: string;
  /** Answers that the client may see, in order; a case that may be refused or served says both. */
  readonly statuses: RegExp;
}

const INNER = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const CHUNKED_INNER = `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`;
const refused = /^(?:400|411|413|431|501|505)$/;
/** Once answered, whether served or refused. */
const once = /^(?:200|400|405|431|501|505)$/;

function post(
  fields: readonly string[],
  body: string,
  statuses: RegExp = refused,
): Omit<SmugglingCase, 'name'> {
  return { bytes: `POST /p HTTP/1.1\r\n${['Host: x', ...fields].join('\r\n')}\r\n\r\n${body}`, statuses };
}

function head(text: string, statuses: RegExp = refused): Omit<SmugglingCase, 'name'> {
  return { bytes: `${text}\r\n\r\n${INNER}`, statuses };
}

const CL = `Content-Length: ${INNER.length}`;
const TE = 'Transfer-Encoding: chunked';

const CASES: Readonly<Record<string, Omit<SmugglingCase, 'name'>>> = {
  'CL then TE': post(['Content-Length: 4', TE], `0\r\n\r\n${INNER}`),
  'TE then CL': post([TE, 'Content-Length: 4'], `0\r\n\r\n${INNER}`),
  'CL covers all, TE ends at once': post([`Content-Length: ${INNER.length + 5}`, TE], `0\r\n\r\n${INNER}`),
  'CL 0 and TE': post(['Content-Length: 0', TE], CHUNKED_INNER),
  'two different lengths': post(['Content-Length: 0', CL], INNER),
  'two different lengths, longer first': post([CL, 'Content-Length: 0'], INNER),
  'two equal lengths': post([CL, CL], INNER),
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
  'empty length': post(['Content-Length:'], INNER),
  'length beyond 64 bits': post(['Content-Length: 18446744073709551616'], INNER, /^(?:400)?$/),
  'blank before the colon of CL': post(['Content-Length : 5', 'X: y'], INNER),
  'blank before the colon of TE': post(['Transfer-Encoding : chunked'], CHUNKED_INNER),
  'tab before the colon of TE': post(['Transfer-Encoding\t: chunked'], CHUNKED_INNER),
  'a folded TE': post(['Transfer-Encoding:', ' chunked'], CHUNKED_INNER),
  'a folded line hides CL': post(['X: y', ' Content-Length: 5'], INNER),
  'a first line that is folded': {
    bytes: `POST /p HTTP/1.1\r\n Host: x\r\n${CL}\r\n\r\n${INNER}`,
    statuses: refused,
  },
  'TE with vertical tab': post(['Transfer-Encoding: \u000bchunked'], CHUNKED_INNER),
  'TE with form feed': post(['Transfer-Encoding: chunked\u000c'], CHUNKED_INNER),
  'TE with NUL': post(['Transfer-Encoding: chunked\u0000'], CHUNKED_INNER),
  'TE quoted': post(['Transfer-Encoding: "chunked"'], CHUNKED_INNER),
  'TE xchunked': post(['Transfer-Encoding: xchunked'], CHUNKED_INNER),
  'TE chunked twice': post(['Transfer-Encoding: chunked, chunked'], CHUNKED_INNER),
  'two TE lines': post([TE, TE], CHUNKED_INNER),
  'TE chunked and identity lines': post([TE, 'Transfer-Encoding: identity'], CHUNKED_INNER),
  'TE identity': post(['Transfer-Encoding: identity'], INNER),
  'TE gzip, chunked': post(['Transfer-Encoding: gzip, chunked'], CHUNKED_INNER),
  'TE chunked, gzip': post(['Transfer-Encoding: chunked, gzip'], CHUNKED_INNER),
  'TE with parameter': post(['Transfer-Encoding: chunked;x=y'], CHUNKED_INNER),
  'TE empty': post(['Transfer-Encoding:'], CHUNKED_INNER),
  'TE in 1.0': { bytes: `POST /p HTTP/1.0\r\nHost: x\r\n${TE}\r\n\r\n${CHUNKED_INNER}`, statuses: refused },
  'bare LF line ends': head('GET /p HTTP/1.1\nHost: x\nX: y', /^(?:400)?$/),
  'only bare LF': {
    bytes: `GET /p HTTP/1.1\nHost: x\n\n${INNER.replaceAll('\r', '')}`,
    statuses: /^(?:400)?$/,
  },
  'bare CR in a value': head(`POST /p HTTP/1.1\r\nHost: x\r\nX: a\r${CL}`),
  'bare LF in a value': post(['X: a\nTransfer-Encoding: chunked'], CHUNKED_INNER),
  'NUL in a value': head('GET /p HTTP/1.1\r\nHost: x\r\nX: a\u0000b'),
  'NUL in a name': head('GET /p HTTP/1.1\r\nHost: x\r\nX\u0000: a'),
  'NUL in the target': head('GET /p\u0000 HTTP/1.1\r\nHost: x'),
  'an empty name': head('GET /p HTTP/1.1\r\nHost: x\r\n: a'),
  'a line without colon': head('GET /p HTTP/1.1\r\nHost: x\r\nabc'),
  'a name with brackets': head('GET /p HTTP/1.1\r\nHost: x\r\n[a]: b'),
  'a blank in the target': head('GET /p /smuggled HTTP/1.1\r\nHost: x'),
  'a tab after the method': head('GET\t/p HTTP/1.1\r\nHost: x'),
  'a lower-case version': head('GET /p http/1.1\r\nHost: x'),
  'version 1.10': head('GET /p HTTP/1.10\r\nHost: x'),
  'version 1.2': head('GET /p HTTP/1.2\r\nHost: x'),
  'no version': { bytes: `GET /p\r\n\r\n${INNER}`, statuses: refused },
  'a lower-case method': head('get /p HTTP/1.1\r\nHost: x'),
  'two Hosts': head('GET /p HTTP/1.1\r\nHost: x\r\nHost: y'),
  'a Host with a blank': head('GET /p HTTP/1.1\r\nHost: x y'),
  'a chunk size with plus': post([TE], `+5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size with 0x': post([TE], `0x5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size with blank before': post([TE], ` 5\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size beyond 64 bits': post([TE], `10000000000000005\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a negative chunk size': post([TE], `-1\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'an empty chunk size': post([TE], `\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'a chunk size line ended by LF': post([TE], `5\nabcde\r\n0\r\n\r\n${INNER}`),
  'chunk data longer than its size': post([TE], `3\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'chunk data ended by LF': post([TE], `5\r\nabcde\n0\r\n\r\n${INNER}`),
  'an extension with LF': post([TE], `5;a\nb\r\nabcde\r\n0\r\n\r\n${INNER}`),
  'last chunk ended by LF': post([TE], `0\n\n${INNER}`),
};

/** Framed without doubt: the octets of `INNER` are a body and stay one. */
const WELL_FRAMED: Readonly<Record<string, Omit<SmugglingCase, 'name'>>> = {
  'a request as body': post([CL], INNER, /^200$/),
  'a request as chunk': post([TE], CHUNKED_INNER, /^200$/),
  'a request as chunk, with extension': post(
    [TE],
    `${INNER.length.toString(16)};a=b\r\n${INNER}\r\n0\r\n\r\n`,
    once,
  ),
  'a trailer that looks like framing': post([TE], `1\r\na\r\n0\r\nContent-Length: 100\r\n\r\n`, once),
  'a body on GET': {
    bytes: `GET /p HTTP/1.1\r\nHost: x\r\n${CL}\r\n\r\n${INNER}`,
    statuses: once,
  },
  'a chunked body on DELETE': {
    bytes: `DELETE /p HTTP/1.1\r\nHost: x\r\n${TE}\r\n\r\n${CHUNKED_INNER}`,
    statuses: once,
  },
  'a chunked body on GET': {
    bytes: `GET /p HTTP/1.1\r\nHost: x\r\n${TE}\r\n\r\n${CHUNKED_INNER}`,
    statuses: once,
  },
  'a body on OPTIONS': {
    bytes: `OPTIONS /p HTTP/1.1\r\nHost: x\r\n${CL}\r\n\r\n${INNER}`,
    statuses: once,
  },
  'a Connection that lists framing': post(
    [CL, 'Connection: keep-alive, content-length, transfer-encoding, host'],
    INNER,
    /^200$/,
  ),
  'two blanks after the method': { bytes: 'GET  /p HTTP/1.1\r\nHost: x\r\n\r\n', statuses: once },
  'TE in capitals': post(['TRANSFER-ENCODING: CHUNKED'], CHUNKED_INNER, once),
  'a body on HEAD': { bytes: `HEAD /p HTTP/1.1\r\nHost: x\r\n${CL}\r\n\r\n${INNER}`, statuses: once },
};

export const SMUGGLING: readonly SmugglingCase[] = Object.entries({ ...CASES, ...WELL_FRAMED }).map(
  ([name, one]) => ({ name, ...one }),
);
