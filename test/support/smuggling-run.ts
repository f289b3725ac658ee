/** Sends the smuggling corpus through a proxy, many cases side by side, and says which did not behave. */
import { connect } from 'node:net';
import type { SmugglingCase } from './smuggling.js';

/** ms of silence after which nothing more is expected: after an answer, where none need come, and where one must. */
const QUIET = 300;
const SILENT = 1000;
const PATIENT = 15_000;
const AT_ONCE = 42;

export interface CaseResult {
  readonly one: SmugglingCase;
  /** Statuses of the answers, in their order, 100 among them. */
  readonly statuses: string;
  readonly text: string;
}

/** @param cut where each case is cut into pieces that are sent one after another */
export async function runCases(
  port: number,
  cases: readonly SmugglingCase[],
  cut: readonly number[] = [],
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (let at = 0; at < cases.length; at += AT_ONCE) {
    const some = cases.slice(at, at + AT_ONCE);
    results.push(...(await Promise.all(some.map((one) => runCase(port, one, cut)))));
  }
  return results;
}

/** What was not answered as the case says. */
export function surprises(results: readonly CaseResult[]): readonly string[] {
  return results
    .filter(({ one, statuses }) => !one.statuses.test(statuses))
    .map(({ one, statuses }) => `${one.name}: ${statuses || 'no answer'}`);
}

async function runCase(port: number, one: SmugglingCase, cut: readonly number[]): Promise<CaseResult> {
  const ends = [...cut, one.bytes.length];
  const pieces = ends.map((end, index) => one.bytes.slice(index === 0 ? 0 : ends[index - 1], end));
  const text = await converse(port, pieces, one.statuses.test('') ? SILENT : PATIENT);
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1]).join(' ');
  return { one, statuses, text };
}

/** Ends when the peer closes, or has said nothing for a while. */
function converse(port: number, pieces: readonly string[], patience: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    let timer = setTimeout(finish, patience);
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(finish, /HTTP\/1\.1 (?:101|[2-5])/.test(text) ? QUIET : patience);
    };
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      wait();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('connect', () => {
      const left = [...pieces];
      const next = (): void => {
        const piece = left.shift();
        if (piece === undefined || socket.destroyed) return;
        socket.write(piece, 'latin1');
        wait();
        setTimeout(next, 30);
      };
      next();
    });
  });
}
