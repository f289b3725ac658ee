/** Where in a configuration module something happens: `path:line`, as far as it can be told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../fault.js';

/** The line of the module that is running now. */
export function placeOfCaller(path: string): string {
  return placeInStack(path, new Error('where').stack) ?? path;
}

/** What is wrong, with the line that it comes from. */
export async function moduleFault(path: string, error: unknown): Promise<string> {
  const message = messageOf(error);
  const place = error instanceof Error ? placeInStack(path, error.stack) : undefined;
  if (place !== undefined || !(error instanceof SyntaxError)) return `${place ?? path}: ${message}`;
  const found = await placeOfSyntax(path);
  return found === undefined ? `${path}: in a module that it imports: ${message}` : `${found}: ${message}`;
}

function placeInStack(path: string, stack = ''): string | undefined {
  const url = pathToFileURL(path).href;
  const frame = stack.split('\n').find((line) => line.includes(`${url}:`) || line.includes(`${path}:`));
  const line = /:(\d+)(?::\d+)?\)?$/.exec(frame ?? '')?.[1];
  return line === undefined ? undefined : `${path}:${line}`;
}

/** The error of an `import` does not carry it, and only a Node that is asked to check prints it. */
async function placeOfSyntax(path: string): Promise<string | undefined> {
  const child = spawn(process.execPath, ['--check', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [said] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return placeInStack(path, said);
}
