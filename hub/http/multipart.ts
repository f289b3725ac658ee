/**
 * Boundaries that the platform's parser cannot be trusted with. Node's `formData` looks for a boundary without its
 * dashes, so that a short one is found inside a field's text.
 */
import { randomBytes } from 'node:crypto';

/** Nobody's text holds a boundary that long by chance; Python, curl and browsers make none shorter. */
const LONG_ENOUGH = 27;

/** The same form with a boundary that is long enough; as it is where it has one. */
export function withLongBoundary(
  body: Buffer,
  given: string,
): { readonly body: Buffer; readonly boundary: string } {
  if (given.length >= LONG_ENOUGH) return { body, boundary: given };
  const boundary = randomBytes(24).toString('hex');
  // RFC 2046: a line of its own, which no part's content can have. Latin-1 keeps every byte.
  const text = Buffer.from(given)
    .toString('latin1')
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const line = new RegExp(`(^|\\r\\n)--${text}(?=(?:--)?[ \\t]*(?:\\r\\n|$))`, 'g');
  return {
    body: Buffer.from(body.toString('latin1').replace(line, `$1--${boundary}`), 'latin1'),
    boundary,
  };
}
