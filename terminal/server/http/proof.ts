import { createHmac } from 'node:crypto';
import { jsonError, jsonReply, type Reply } from './respond.js';

/**
 * Shows the hub that the listener on this port is the server it started, before it makes a route: only that
 * server has the API token. The nonce is fixed in form, so that nothing else can be had signed.
 */
export function proofReply(apiToken: string, query: URLSearchParams): Reply {
  const nonces = query.getAll('nonce');
  const [nonce] = nonces;
  if (nonces.length !== 1 || nonce === undefined || !/^[0-9a-f]{64}$/.test(nonce)) {
    return jsonError(400, 'nonce must be 32 bytes in lower-case hex');
  }
  return jsonReply(200, { proof: proofOf(apiToken, nonce) });
}

function proofOf(apiToken: string, nonce: string): string {
  return createHmac('sha256', apiToken).update(`anteroom-proof:${nonce}`).digest('hex');
}
