/**
 * jupyter-server's REST resource `api/terminals` (jupyter_server_terminals 0.5), which JupyterLab and
 * jupyterhub-ssh speak; our page uses it too.
 */

import type { SessionRegistry } from '../sessions/registry.js';
import type { Session } from '../sessions/session.js';
import { jsonError, jsonReply, type Reply } from './respond.js';

export async function terminalsReply(
  method: string,
  rest: readonly string[],
  sessions: SessionRegistry,
): Promise<Reply> {
  const [name, ...more] = rest;
  if (more.length > 0) return jsonError(404);
  if (name === undefined) return collection(method, sessions);
  const session = sessions.get(name);
  if (!session) return jsonError(404, 'Terminal not found');
  switch (method) {
    case 'GET':
    case 'HEAD':
      return jsonReply(200, model(session));
    case 'DELETE':
      await session.end();
      return { status: 204 };
    default:
      return {
        ...jsonError(405),
        headers: { Allow: 'GET, HEAD, DELETE', 'Content-Type': 'application/json' },
      };
  }
}

function collection(method: string, sessions: SessionRegistry): Reply {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return jsonReply(200, sessions.list().map(model));
    case 'POST':
      return jsonReply(200, model(sessions.create()));
    default:
      return { ...jsonError(405), headers: { Allow: 'GET, HEAD, POST', 'Content-Type': 'application/json' } };
  }
}

function model(session: Session): { name: string; last_activity: string } {
  return { name: session.name, last_activity: new Date(session.lastUsed).toISOString() };
}
