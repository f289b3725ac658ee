/** Why a server closed a terminal's socket (RFC 6455 section 7.4.2: 4000-4999 are the application's). */
export const CLOSE = {
  /** The shell ended; an `exit` message came before. */
  ended: 1000,
  /** The server is stopping. */
  stopping: 1001,
  /** Message that breaks the protocol. */
  protocol: 1002,
  /** Token revoked, session signed out, or token expired. */
  signedOut: 4401,
  /** Signed in, but the right to this server is gone. */
  forbidden: 4403,
  /** No such session (any more). */
  noSession: 4404,
  /** The same page opened a newer socket. */
  superseded: 4409,
  /** Too many sessions or viewers. */
  limit: 4429,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];
