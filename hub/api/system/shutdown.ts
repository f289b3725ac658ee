/** `POST /shutdown` (JupyterHub 6.1.1 apihandlers/hub.py). */
import type { FastifyInstance } from 'fastify';
import { isJsonObject, type JsonValue } from '../../../core/model/json.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy, pythonRepr } from '../../http/python-text.js';
import { scopes } from '../../http/route-config.js';
import { SHUTDOWN } from './endpoints.js';

export interface ShutdownRequest {
  readonly servers?: boolean;
  readonly proxy?: boolean;
}

export function registerShutdown(
  app: FastifyInstance,
  prefix: string,
  onShutdownRequest: (request: ShutdownRequest) => void,
): void {
  app.post(
    `${prefix}shutdown`,
    { config: { access: scopes('shutdown'), endpoint: SHUTDOWN } },
    (request, reply) => {
      const asked = readRequest(jsonBody(request.body));
      // The answer must be out before what carries it is taken down.
      reply.raw.once('close', () => onShutdownRequest(asked));
      return reply.code(202).send({ message: 'Shutting down Hub' });
    },
  );
}

/** @throws Fault 400 */
function readRequest(body: JsonValue): ShutdownRequest {
  if (!isTruthy(body)) return {};
  if (!isJsonObject(body)) throw httpError(400, 'Body must be a JSON dict or empty');
  return { ...readSwitch(body['proxy'], 'proxy'), ...readSwitch(body['servers'], 'servers') };
}

function readSwitch(value: JsonValue | undefined, key: 'proxy' | 'servers'): ShutdownRequest {
  if (value === undefined) return {};
  // To Python 1 is true and 0 is false.
  if (value === true || value === 1) return { [key]: true };
  if (value === false || value === 0) return { [key]: false };
  throw httpError(400, `${key} must be true or false, got ${pythonRepr(value)}`);
}
