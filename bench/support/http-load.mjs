/** A bounded load of HTTP requests whose answers are read and checked, each one. */
import { Pool } from 'undici';

/**
 * Sends requests over `connections` keep-alive connections, one at a time on each, for `seconds` or until `atMost` of
 * them are sent.
 * @param request `(index) => ({ path, method?, headers?, body?, check })`; `check(status, text)` throws on a wrong answer
 * @returns `{ requests, seconds }`
 * @throws what a check or the connection threw first
 */
export async function load(
  origin,
  request,
  { connections, seconds, offset = 0, atMost = Number.POSITIVE_INFINITY },
) {
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 60_000 });
  let next = offset;
  let requests = 0;
  const began = performance.now();
  const deadline = began + seconds * 1000;
  const worker = async () => {
    while (performance.now() < deadline && next - offset < atMost) {
      const { check, method = 'GET', ...rest } = request(next++);
      const { statusCode, body } = await pool.request({ method, ...rest });
      check(statusCode, await body.text());
      requests += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, worker));
    return { requests, seconds: (performance.now() - began) / 1000 };
  } finally {
    await pool.destroy();
  }
}
