/** What a Node process has in memory, and what of it is in use. */
import { readFile } from 'node:fs/promises';
import WebSocket from 'ws';

export interface Memory {
  /** Bytes that the process has. */
  readonly rss: number;
  /** Bytes that live on the heap after a full collection. */
  readonly heap: number;
}

/** @param inspectPort of its `--inspect`, so that the program needs no part of its own for this */
export async function memoryOf(pid: number, inspectPort: number): Promise<Memory> {
  return { heap: await heapAfterCollection(inspectPort), rss: await residentBytes(pid) };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function heapAfterCollection(port: number): Promise<number> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly {
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '');
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let id = 0;
  const call = (method: string): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve) => {
      id += 1;
      const mine = id;
      socket.on('message', function answered(data: Buffer) {
        const message = JSON.parse(data.toString()) as { id: number; result: Record<string, unknown> };
        if (message.id !== mine) return;
        socket.off('message', answered);
        resolve(message.result);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  try {
    await call('HeapProfiler.collectGarbage');
    return Number((await call('Runtime.getHeapUsage'))['usedSize']);
  } finally {
    socket.close();
  }
}
