import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClientMessage,
  clampSize,
  encode,
  parseClientMessage,
  parseServerMessage,
  type ServerMessage,
} from './control.js';
import { MAX_COLS, MAX_CONTROL_CHARS } from './limits.js';

const position = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const size = { cols: fc.integer({ min: 1, max: 1000 }), rows: fc.integer({ min: 1, max: 1000 }) };
const session = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const epoch = fc.stringMatching(/^[0-9a-f]{16}$/);
const literal = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({
    type: literal('hello'),
    session,
    create: fc.boolean(),
    client: fc.stringMatching(/^[0-9a-f]{32}$/),
    ...size,
    resume: fc.option(fc.record({ epoch, seq: position }), { nil: null }),
    readonly: fc.boolean(),
  }),
  fc.record({ type: literal('ack'), seq: position }),
  fc.record({ type: literal('resize'), ...size, serial: position }),
  fc.record({ type: literal('ping'), id: position }),
  fc.record({ type: literal('pong'), id: position }),
);

const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.record({
    type: literal('welcome'),
    session,
    epoch,
    seq: position,
    replay: position,
    reset: fc.boolean(),
    truncated: fc.boolean(),
    modes: fc.string({ maxLength: 40 }),
    inputSeq: position,
    ...size,
    readonly: fc.boolean(),
  }),
  fc.record({ type: literal('resized'), ...size, serial: position }),
  fc.record({ type: literal('inputAck'), seq: position }),
  fc.record({ type: literal('exit'), code: position, signal: position }),
  fc.record({
    type: literal('error'),
    code: fc.constantFrom('noSession', 'limit', 'protocol', 'spawn'),
    message: fc.string({ maxLength: 40 }),
  }),
  fc.record({ type: literal('clients'), count: position }),
  fc.record({ type: literal('sessions'), names: fc.array(session, { maxLength: 8 }) }),
  fc.record({ type: literal('ping'), id: position }),
);

describe('control messages', () => {
  it('come back from the wire as they were sent', () => {
    fc.assert(
      fc.property(clientMessage, (sent) => {
        expect(parseClientMessage(encode(sent))).toEqual(sent);
      }),
    );
    fc.assert(
      fc.property(serverMessage, (sent) => {
        expect(parseServerMessage(encode(sent))).toEqual(sent);
      }),
    );
  });

  it('never throw and never pass what is not well-formed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const parsed = parseClientMessage(text);
        if (parsed) expect(parseClientMessage(encode(parsed))).toEqual(parsed);
        parseServerMessage(text);
      }),
    );
  });

  it('refuse one damaged field', () => {
    fc.assert(
      fc.property(clientMessage, fc.nat(), fc.jsonValue(), (message, index, junk) => {
        const keys = Object.keys(message);
        const key = keys[index % keys.length] ?? 'type';
        const parsed = parseClientMessage(JSON.stringify({ ...message, [key]: junk }));
        // Either refused, or the junk happened to be a legal value and everything is still in bounds.
        if (parsed) expect(parseClientMessage(encode(parsed))).toEqual(parsed);
      }),
    );
  });

  it.each([
    ['', 'empty'],
    ['[]', 'a list'],
    ['null', 'null'],
    ['{"type":"ack","seq":-1}', 'negative position'],
    ['{"type":"ack","seq":1e300}', 'beyond safe integers'],
    ['{"type":"ack","seq":"1"}', 'a string position'],
    ['{"type":"resize","cols":0,"rows":5,"serial":1}', 'no columns'],
    ['{"type":"resize","cols":null,"rows":5,"serial":1}', 'NaN as JSON writes it'],
    ['{"type":"welcome"}', 'a server message'],
    [`{"type":"ack","seq":1,"x":"${'x'.repeat(MAX_CONTROL_CHARS)}"}`, 'too long'],
  ])('refuse %s (%s)', (text) => {
    expect(parseClientMessage(text)).toBeUndefined();
  });

  it('clamp sizes instead of refusing large ones', () => {
    expect(clampSize(100_000, 24.9)).toEqual({ cols: MAX_COLS, rows: 24 });
    expect(clampSize(Number.NaN, 24)).toBeUndefined();
    expect(clampSize(80, 0)).toBeUndefined();
  });
});
