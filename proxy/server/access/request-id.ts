/** The number by which one request is found in the logs of proxy, hub and servers. Pure but for chance. */
import { randomUUID } from 'node:crypto';

export const REQUEST_ID = 'x-request-id';
/** What the hub takes too (hub/app.ts): nothing that could mean something in a log, a header or a page. */
const WELL_FORMED = /^[\w.:-]{1,64}$/;

/** The client's own (a proxy's in front) when it is well-formed, else a new one of 16 digits. */
export function requestId(given: string | string[] | undefined): string {
  if (typeof given === 'string' && WELL_FORMED.test(given)) return given;
  const uuid = randomUUID();
  return `${uuid.slice(0, 8)}${uuid.slice(-8)}`;
}
