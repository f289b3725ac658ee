import { isJsonObject, type JsonObject } from '../core/model/json.js';
import type { WatchEvent, WatchOptions } from './api.js';
import type { Applied } from './credentials.js';
import { KubeError } from './error.js';
import type { KubeObject } from './objects.js';
import { errorOf, watchError } from './status.js';
import { type Exchange, failure, type OpenReply, open } from './transport.js';

/** How much longer than `timeoutSeconds` a watch is believed in: then its connection is dead, FIN or not. */
const GRACE_SECONDS = 10;
const MAX_LINE = 8 * 1024 * 1024;
const MAX_REFUSAL = 64 * 1024;

/** The events of one watch: a line of JSON each (Kubernetes API concepts, "Efficient detection of changes"). */
export async function* readWatch<T extends KubeObject>(
  exchange: Exchange,
  applied: Applied,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const reply = await open(exchange, applied, 'watches');
  let late = false;
  const deadline = setTimeout(
    () => {
      late = true;
      reply.stream.destroy(new Error(`silent past the ${options.timeoutSeconds} s it was asked for`));
    },
    (options.timeoutSeconds + GRACE_SECONDS) * 1_000,
  );
  try {
    if (reply.status !== 200) throw await refusal(reply, exchange.what);
    options.onOpen?.();
    for await (const line of lines(reply)) yield eventOf<T>(line, exchange.what);
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    throw error instanceof KubeError ? error : failure(exchange, error, { connected: true, limited: late });
  } finally {
    clearTimeout(deadline);
    reply.close();
  }
}

async function* lines(reply: OpenReply): AsyncGenerator<string> {
  reply.stream.setEncoding('utf8');
  let rest = '';
  for await (const chunk of reply.stream as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error(`a line longer than ${MAX_LINE} characters`);
    for (const part of parts) if (part !== '') yield part;
  }
  // what is left is an event that was cut off: the resume brings it whole
}

function eventOf<T extends KubeObject>(line: string, what: string): WatchEvent<T> {
  const event = JSON.parse(line) as unknown;
  const type = isJsonObject(event) ? event['type'] : undefined;
  const object = isJsonObject(event) ? event['object'] : undefined;
  if (type === 'ERROR') throw watchError(object, what);
  if (!isJsonObject(object) || !isJsonObject(object['metadata'])) throw new Error('not an event of a watch');
  if (type === 'BOOKMARK') return { type, resourceVersion: versionOf(object['metadata']) };
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED')
    throw new Error('an event of unknown type');
  return { type, object: object as unknown as T };
}

function versionOf(metadata: JsonObject): string {
  const version = metadata['resourceVersion'];
  if (typeof version !== 'string') throw new Error('a bookmark without resourceVersion');
  return version;
}

async function refusal(reply: OpenReply, what: string): Promise<KubeError> {
  reply.stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of reply.stream as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_REFUSAL) break;
  }
  return errorOf({ status: reply.status, retryAfter: reply.retryAfter, text }, what);
}
