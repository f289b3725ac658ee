import type { Diagnosis } from '../protocol/link.js';
import type { PageFacts } from './facts.js';

const TIMEOUT_MS = 4_000;

/** Why does the WebSocket not open? The same question over plain HTTP has a status to read. */
export async function diagnose(facts: PageFacts): Promise<Diagnosis> {
  try {
    const response = await request(facts, `${facts.prefix}api/status`);
    return response.type === 'opaqueredirect' ? await whoRedirects(facts) : diagnosisOf(response);
  } catch (error) {
    console.debug('server unreachable', error);
    return 'unreachable';
  }
}

function diagnosisOf({ ok, status }: Response): Diagnosis {
  if (ok) return 'up';
  if (status === 401 || status === 403) return 'signedOut';
  return status === 424 || status === 503 || status === 404 ? 'stopped' : 'unreachable';
}

/**
 * The server sends no script elsewhere. The hub does, in the place of a server that does not run, whoever asks; a
 * sign-in in front of the hub does so too, but with every path of the hub's.
 */
async function whoRedirects(facts: PageFacts): Promise<Diagnosis> {
  // Of the page's own origin, where the hub answers too when its pages have a host of their own.
  const { pathname } = new URL(facts.hub, 'http://hub.invalid');
  const response = await request(facts, `${pathname}health`);
  return response.type === 'opaqueredirect' ? 'signedOut' : 'stopped';
}

/** Names of the living sessions; empty when they cannot be had. */
export async function listSessions(facts: PageFacts): Promise<readonly string[]> {
  try {
    const response = await request(facts, `${facts.prefix}api/terminals`);
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

function request(facts: PageFacts, path: string): Promise<Response> {
  return fetch(path, {
    headers: { 'X-XSRFToken': facts.xsrf },
    redirect: 'manual',
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}
