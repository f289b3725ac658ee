import type { LogSource } from './exchange.js';
import { kindOf } from './kinds.js';
import { listAt, mapAt, textAt } from './objects.js';
import type { ApiRequest } from './request.js';
import { badRequest } from './status.js';
import type { Store } from './store.js';

/** The log endpoint (`tailLines`, `limitBytes`, `previous`), in a real server's words. @throws ApiFailure */
export async function podLog(
  store: Store,
  source: LogSource | undefined,
  request: ApiRequest,
): Promise<Buffer | undefined> {
  const { namespace, name, query } = request;
  const pod = store.get(kindOf('pods'), namespace, name);
  const spec = mapAt(pod, 'spec');
  const names = [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')].map((one) =>
    textAt(one, 'name'),
  );
  const own = listAt(spec, 'containers').map((one) => textAt(one, 'name'));
  const asked = query.get('container') ?? '';
  if (asked === '' && own.length > 1)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${own.join(' ')}]`);
  const container = asked || (own[0] ?? '');
  if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
  if (textAt(spec, 'nodeName') === '') return undefined;
  const previous = query.get('previous') === 'true';
  const { uid } = pod.metadata;
  const bytes = await source?.({ namespace, name, uid }, container, previous);
  if (bytes === undefined) {
    if (previous) throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
    throw badRequest(
      `container "${container}" in pod "${name}" is waiting to start: ${waiting(pod, container)}`,
    );
  }
  return limit(tail(bytes, query.get('tailLines')), query.get('limitBytes'));
}

function waiting(pod: Parameters<typeof mapAt>[0], container: string): string {
  const status = listAt(mapAt(pod, 'status'), 'containerStatuses').find(
    (one) => textAt(one, 'name') === container,
  );
  return textAt(mapAt(mapAt(status, 'state'), 'waiting'), 'reason') || 'ContainerCreating';
}

function tail(bytes: Buffer, lines: string | null): Buffer {
  if (lines === null) return bytes;
  let left = Number(lines);
  // a last line that ended does not begin another
  for (let at = bytes.length - 2; at >= 0; at -= 1) {
    if (bytes[at] !== 10) continue;
    left -= 1;
    if (left === 0) return bytes.subarray(at + 1);
  }
  return left === Number(lines) && left === 0 ? Buffer.alloc(0) : bytes;
}

function limit(bytes: Buffer, most: string | null): Buffer {
  return most === null ? bytes : bytes.subarray(0, Number(most));
}
