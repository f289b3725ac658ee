import type { Diagnosis } from '../protocol/link.js';
import type { PageFacts } from './facts.js';

const TIMEOUT_MS = 4_000;

/** Why does the WebSocket not open? The same question over plain HTTP has a status to read. */
export async function diagnose(facts: PageFacts): Promise<Diagnosis> {
  let response: Response;
  try {
    response = await request(facts, 'api/status', 'GET');
  } catch (error) {
    console.debug('server unreachable', error);
    return 'unreachable';
  }
  if (response.ok) return 'up';
  // Sent somewhere else to sign in.
  if (response.type === 'opaqueredirect' || response.status === 401 || response.status === 403)
    return 'signedOut';
  return response.status === 424 || response.status === 503 || response.status === 404
    ? 'stopped'
    : 'unreachable';
}

/** Names of the living sessions; empty when they cannot be had. */
export async function listSessions(facts: PageFacts): Promise<readonly string[]> {
  try {
    const response = await request(facts, 'api/terminals', 'GET');
    const list: unknown = response.ok ? await response.json() : [];
    return Array.isArray(list) ? list.flatMap((one: unknown) => nameOf(one)) : [];
  } catch (error) {
    console.debug('sessions cannot be listed', error);
    return [];
  }
}

function nameOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
    ? [value.name]
    : [];
}

function request(facts: PageFacts, path: string, method: string): Promise<Response> {
  return fetch(`${facts.prefix}${path}`, {
    method,
    headers: { 'X-XSRFToken': facts.xsrf },
    redirect: 'manual',
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}
