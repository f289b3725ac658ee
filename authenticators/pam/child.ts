/**
 * One PAM operation in a process of its own: reads it from stdin, writes the answer to stdout, ends. What the modules
 * print themselves goes to stderr.
 */
import { readFileSync, writeSync } from 'node:fs';
import { messageOf } from '../../core/fault.js';
import type { Answer, Operation } from './operation.js';

/** Descriptor 1 is the modules' to print to. */
const ANSWER_FD = 3;

async function answer(): Promise<Answer> {
  const operation = JSON.parse(readFileSync(0, 'utf8')) as Operation;
  try {
    const { Pam } = await import('./libpam.js');
    return new Pam(operation).run();
  } catch (error) {
    return { kind: 'unusable', reason: messageOf(error) };
  }
}

const text = JSON.stringify(await answer());
writeSync(ANSWER_FD, text);
// what modules left behind (threads, handlers) must not keep it
process.exit(0);
