/** Numbers that both ends hold to. Bytes and milliseconds unless said otherwise. */

/** WebSocket subprotocol: binary frames are raw pty bytes both ways, text frames are control messages. */
export const SUBPROTOCOL = 'term.v1';

/** Longest frame either end sends or takes. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Longest control message. */
export const MAX_CONTROL_CHARS = 16 * 1024;

export const MAX_COLS = 1000;
export const MAX_ROWS = 1000;

/** What a session may be called. */
export const SESSION_NAME = /^[A-Za-z0-9_-]{1,32}$/;
/** A page load: 128 random bits in hex. */
export const CLIENT_ID = /^[0-9a-f]{32}$/;
/** A server process: 64 random bits in hex. */
export const EPOCH = /^[0-9a-f]{16}$/;

/** The reader confirms what it has parsed after this many bytes, or this long after the last confirmation. */
export const ACK_BYTES = 128 * 1024;
export const ACK_INTERVAL_MS = 100;

/** Sender stops when this much is unconfirmed, and goes on when it fell to the low mark. */
export const HIGH_WATER_BYTES = 1024 * 1024;
export const LOW_WATER_BYTES = 256 * 1024;

/** Pastes are cut into frames of this size. */
export const INPUT_FRAME_BYTES = 4096;

/** WebSocket pings of the server; two missed ones end the socket. */
export const HEARTBEAT_MS = 30_000;
