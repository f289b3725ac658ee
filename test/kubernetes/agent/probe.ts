import { connect } from 'node:net';
import { type JsonMap, listAt, mapAt, textAt } from '../api/objects.js';

/** One look of a readiness or liveness probe. @returns why it failed, `undefined` when it did not */
export async function probe(spec: JsonMap, container: JsonMap, ip: string): Promise<string | undefined> {
  const limit = Number(spec['timeoutSeconds'] ?? 1) * 1_000;
  if (spec['httpGet'] !== undefined) return httpGet(mapAt(spec, 'httpGet'), container, ip, limit);
  if (spec['tcpSocket'] !== undefined) return tcp(ip, portOf(mapAt(spec, 'tcpSocket'), container), limit);
  return 'the node agent of the tests knows httpGet and tcpSocket';
}

function portOf(action: JsonMap, container: JsonMap): number {
  const port = action['port'];
  if (typeof port === 'number') return port;
  const named = listAt(container, 'ports').find((one) => textAt(one, 'name') === port);
  return Number(named?.['containerPort'] ?? 0);
}

async function httpGet(
  action: JsonMap,
  container: JsonMap,
  ip: string,
  limit: number,
): Promise<string | undefined> {
  const url = `http://${ip}:${portOf(action, container)}${textAt(action, 'path') || '/'}`;
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(limit), redirect: 'manual' });
    return status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`;
  } catch (error) {
    return `Get "${url}": ${String((error as Error).cause ?? error)}`;
  }
}

function tcp(host: string, port: number, limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limit });
    const end = (why?: string): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(`dial tcp ${host}:${port}: i/o timeout`));
    socket.once('error', (error) => end(`dial tcp ${host}:${port}: ${error.message}`));
  });
}
