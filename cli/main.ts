#!/usr/bin/env node
/** The program `anteroom`. */
import { messageOf } from '../core/fault.js';
import { processTerminal } from './process-terminal.js';
import { run } from './run.js';
import { programs } from './start.js';

const INTERNAL_ERROR = 70;

try {
  process.exitCode = await run(process.argv.slice(2), processTerminal(), programs);
} catch (error) {
  process.stderr.write(`anteroom: ${messageOf(error)}\n`);
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  process.exitCode = INTERNAL_ERROR;
}
