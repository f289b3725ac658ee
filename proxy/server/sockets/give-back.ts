/**
 * Memory that Node has read into for us, piece by piece, is the collector's to free. It does so when megabytes of it have
 * come together, so that an upload walks through memory that no cache holds. Whoever has sent a piece on says so
 * here, and the next read finds the same memory again: to transfer an ArrayBuffer away detaches it, and frees what
 * nobody received.
 */
import { MessageChannel } from 'node:worker_threads';

/** Octets. Below, freeing costs more than it saves. */
export const WORTH_IT = 16 * 1024;

/**
 * @param bytes a piece that Node gave to one listener, which has sent it on and finished with it: nothing of it is to be
 * read any more, by a write that waits either (`isStillNeeded`). A part of something larger is left alone.
 */
export function giveBack(bytes: Buffer): void {
  const memory = bytes.buffer;
  if (bytes.length < WORTH_IT || bytes.length !== memory.byteLength) return;
  if (memory instanceof ArrayBuffer) detach(memory);
}

/** Octets. */
const LEARNT_FROM = 2 * 1024 * 1024;
let learnt = false;

/**
 * For a process that has begun to give back megabytes: what it has freed stays with it. glibc returns the top of its heap to
 * the kernel when more than 128 KiB of it are free, and every piece would be page faults anew; when one large piece is
 * freed it keeps twice as much from then on (mallopt(3), M_TRIM_THRESHOLD). Elsewhere this does nothing.
 */
export function keepFreedMemory(): void {
  if (learnt) return;
  learnt = true;
  giveBack(Buffer.allocUnsafeSlow(LEARNT_FROM));
}

const detach = detacher();

function detacher(): (memory: ArrayBuffer) => void {
  // ECMAScript 2024, Node 22 and later.
  const transfer: unknown = Reflect.get(ArrayBuffer.prototype, 'transfer');
  if (typeof transfer === 'function') {
    return (memory) => {
      Reflect.apply(transfer, memory, [0]);
    };
  }
  // HTML, "postMessage": what is transferred to a port that is closed is detached all the same.
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return (memory) => port1.postMessage(undefined, [memory]);
}
