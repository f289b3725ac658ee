/**
 * How long a connection outlives its last answer, in ms. Closed at once while the client still sends, it would be reset, and
 * the reset could overtake the answer (RFC 9112 section 9.6). nginx has the same two: `lingering_timeout`, `lingering_time`.
 */

/** With nothing moving. */
export const LINGER_MS = 5000;
/** With a client that sends on. */
export const LONGEST_LINGER_MS = 30_000;
