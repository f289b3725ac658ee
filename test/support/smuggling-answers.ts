/**
 * Answers on whose end a proxy and its clients could disagree. Each is what a target writes to a connection; where a
 * wrong reading finds it stands an answer of its own, `evil`, which nobody may ever get.
 */
export interface AnswerCase {
  readonly name: string;
  readonly bytes: string;
  /** The target closes behind it. */
  readonly closes: boolean;
  /** Asked for with HEAD. */
  readonly toHead: boolean;
  /** Bodies that the client may get when it gets a whole answer; 503 with a page of ours is always allowed. */
  readonly bodies: readonly string[];
}

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const CHUNKED_EVIL = `${EVIL.length.toString(16)}\r\n${EVIL}\r\n0\r\n\r\n`;
const CL = `Content-Length: ${EVIL.length}`;
const TE = 'Transfer-Encoding: chunked';

type Case = Omit<AnswerCase, 'name'>;

function answer(fields: readonly string[], body: string, bodies: readonly string[] = []): Case {
  const bytes = `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
  return { bytes, closes: false, toHead: false, bodies };
}

function line(text: string): Case {
  return { bytes: `${text}\r\nContent-Length: 0\r\n\r\n${EVIL}`, closes: false, toHead: false, bodies: [''] };
}

const CASES: Readonly<Record<string, Case>> = {
  'CL and TE': answer(['Content-Length: 4', TE], `0\r\n\r\n${EVIL}`),
  'TE and CL': answer([TE, `Content-Length: ${EVIL.length + 5}`], `0\r\n\r\n${EVIL}`),
  'two lengths': answer(['Content-Length: 0', CL], EVIL),
  'two lengths, longer first': answer([CL, 'Content-Length: 0'], EVIL),
  'two equal lengths': answer(['Content-Length: 2', 'Content-Length: 2'], `ok${EVIL}`, ['ok']),
  'a list of lengths': answer(['Content-Length: 2, 2'], `ok${EVIL}`),
  'length with plus': answer(['Content-Length: +2'], `ok${EVIL}`),
  'length with minus': answer(['Content-Length: -2'], `ok${EVIL}`),
  'length in hex': answer(['Content-Length: 0x2'], `ok${EVIL}`),
  'length with a blank': answer(['Content-Length: 0 2'], `ok${EVIL}`),
  'empty length': answer(['Content-Length:'], EVIL),
  'length beyond 64 bits': answer(['Content-Length: 18446744073709551618'], `ok${EVIL}`),
  'blank before the colon of CL': answer(['Content-Length : 2'], `ok${EVIL}`, [`ok${EVIL}`]),
  'TE gzip, chunked': answer(['Transfer-Encoding: gzip, chunked'], CHUNKED_EVIL, [EVIL]),
  'TE chunked twice': answer([TE, TE], CHUNKED_EVIL, [EVIL]),
  'TE identity': answer(['Transfer-Encoding: identity', 'Content-Length: 2'], `ok${EVIL}`),
  'TE xchunked': answer(['Transfer-Encoding: xchunked'], CHUNKED_EVIL, [CHUNKED_EVIL]),
  'TE with vertical tab': answer(['Transfer-Encoding: \u000bchunked'], CHUNKED_EVIL),
  'TE in 1.0': {
    bytes: `HTTP/1.0 200 OK\r\n${TE}\r\n\r\n${CHUNKED_EVIL}`,
    closes: true,
    toHead: false,
    bodies: [EVIL, CHUNKED_EVIL],
  },
  'a folded line': answer(['X: y', ' Content-Length: 2', CL], EVIL, [EVIL]),
  'bare LF line ends': { ...line('HTTP/1.1 200 OK\nX: y'), bodies: [] },
  'bare CR in a value': answer([`X: a\rContent-Length: 2`, CL], EVIL, [EVIL]),
  'NUL in a value': answer(['X: a\u0000b', CL], EVIL, [EVIL]),
  'an empty name': answer([': a', CL], EVIL, [EVIL]),
  'a line without colon': answer(['abc', CL], EVIL, [EVIL]),
  'a chunk size with plus': answer([TE], `+2\r\nok\r\n0\r\n\r\n${EVIL}`),
  'a chunk size with 0x': answer([TE], `0x2\r\nok\r\n0\r\n\r\n${EVIL}`),
  'a chunk size beyond 64 bits': answer([TE], `10000000000000002\r\nok\r\n0\r\n\r\n${EVIL}`),
  'a chunk size line ended by LF': answer([TE], `2\nok\r\n0\r\n\r\n${EVIL}`, ['ok']),
  'chunk data longer than its size': answer([TE], `1\r\nok\r\n0\r\n\r\n${EVIL}`),
  'an extension with LF': answer([TE], `2;a\nb\r\nok\r\n0\r\n\r\n${EVIL}`),
  'a trailer that names a length': answer([TE], `2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n`, ['ok']),
  'another answer behind': answer(['Content-Length: 2'], `ok${EVIL}`, ['ok']),
  'another answer behind chunks': answer([TE], `2\r\nok\r\n0\r\n\r\n${EVIL}`, ['ok']),
  '204 with a body': {
    bytes: `HTTP/1.1 204 No Content\r\n${CL}\r\n\r\n${EVIL}`,
    closes: false,
    toHead: false,
    bodies: [''],
  },
  '304 with a body': {
    bytes: `HTTP/1.1 304 Not Modified\r\n${CL}\r\n\r\n${EVIL}`,
    closes: false,
    toHead: false,
    bodies: [''],
  },
  '204 with chunks': {
    bytes: `HTTP/1.1 204 No Content\r\n${TE}\r\n\r\n${CHUNKED_EVIL}`,
    closes: false,
    toHead: false,
    bodies: [''],
  },
  'HEAD with a body': { ...answer([CL], EVIL, ['']), toHead: true },
  'HEAD with chunks': { ...answer([TE], CHUNKED_EVIL, ['']), toHead: true },
  'an unasked 101': {
    bytes: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${EVIL}`,
    closes: false,
    toHead: false,
    bodies: [],
  },
  'many interim answers': {
    bytes: `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)}${EVIL.replace('evil', 'okay')}`,
    closes: false,
    toHead: false,
    bodies: ['okay'],
  },
  'HTTP/2.0': line('HTTP/2.0 200 OK'),
  'HTTP/1.2': line('HTTP/1.2 200 OK'),
  'no version': line('200 OK'),
  'status of two digits': line('HTTP/1.1 20 OK'),
  'status of four digits': line('HTTP/1.1 2000 OK'),
  'status 099': line('HTTP/1.1 099 OK'),
  'a lower-case version': line('http/1.1 200 OK'),
  'HTTP/0.9': { bytes: `<html>${EVIL}`, closes: true, toHead: false, bodies: [] },
  'a control character in the reason': line('HTTP/1.1 200 O\u0007K'),
  'less than its length': { ...answer(['Content-Length: 100'], 'part'), closes: true },
  'less than its chunks': { ...answer([TE], '5\r\nab'), closes: true },
  'no last chunk': { ...answer([TE], '2\r\nok\r\n'), closes: true },
  'until the connection ends': { ...answer([], 'ok', ['ok']), closes: true },
};

export const ANSWERS: readonly AnswerCase[] = Object.entries(CASES).map(([name, one]) => ({ name, ...one }));
