/** Bodies of the server endpoints (JupyterHub 6.1.1 `get_server_json_body`). */
import { isJsonObject, type JsonObject } from '../../../core/model/json.js';
import { jsonBody } from '../../http/body.js';
import { httpError } from '../../http/errors.js';
import { isTruthy } from '../../http/python-text.js';

export interface ServerBody {
  readonly displayName: string | undefined;
  /** `null`: those of the last time. */
  readonly userOptions: JsonObject | null;
}

/**
 * With neither `display_name` nor `user_options` the whole object is the options, as before version 6.
 * @throws Fault 400
 */
export function serverBody(raw: unknown): ServerBody {
  const body = jsonBody(raw);
  if (!isTruthy(body)) {
    return { displayName: undefined, userOptions: null };
  }
  if (!isJsonObject(body)) throw httpError(400, 'Body must be a JSON object');
  const { display_name: displayName, user_options: userOptions } = body;
  if (displayName !== undefined && typeof displayName !== 'string') {
    throw httpError(400, 'display_name must be a string');
  }
  if (userOptions !== undefined && userOptions !== null && !isJsonObject(userOptions)) {
    throw httpError(400, 'user_options must be an object or null');
  }
  if (displayName === undefined && userOptions === undefined) return { displayName, userOptions: body };
  return { displayName: displayName || undefined, userOptions: userOptions ?? null };
}
