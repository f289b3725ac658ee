/** The access log as the fast front uses it. */
import type { Socket } from 'node:net';
import type { Routed } from '../engine/routing.js';
import type { Fields } from '../message/fields.js';
import type { RequestHead } from '../message/request-head.js';
import type { AccessLog } from './access-log.js';
import type { AccessEntry } from './entry.js';
import { REQUEST_ID, requestId } from './request-id.js';

export function fastEntry(log: AccessLog, socket: Socket, head: RequestHead, { route }: Routed): AccessEntry {
  const { method, target: url, fields } = head;
  const id = requestId(fieldOf(fields, REQUEST_ID));
  const forwardedFor = fieldOf(fields, 'x-forwarded-for');
  const entry = log.begin({ id, method, url, forwardedFor, upgrade: false }, socket);
  entry.routed(route);
  return entry;
}

/** No field stands twice in a head that the fast front serves. */
function fieldOf({ names, values }: Fields, name: string): string | undefined {
  const index = names.indexOf(name);
  return index < 0 ? undefined : values[index];
}
