/**
 * Ports for programs that are told theirs before they listen. Below those that the kernel gives to outgoing connections
 * (Linux: from 32768 on), of which busy tests open hundreds a second: one of them may hold any port of that range by the
 * time the program asks for it.
 */
import { createServer } from 'node:net';

const FIRST = 10_000;
const LAST = 32_000;
const ATTEMPTS = 200;
/** By this process. */
const given = new Set<number>();

/** A port of 127.0.0.1 that was free a moment ago and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port after ${ATTEMPTS} attempts`);
}

/** So many, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
