#!/usr/bin/env node
/** The program `anteroom`. */
import { messageOf } from '../core/fault.js';
import { processTerminal } from './process-terminal.js';
import { run } from './run.js';
import type { Programs } from './start.js';

const INTERNAL_ERROR = 70;

/** The hub is loaded only by the commands that need it: help and configuration come at once. */
const programs: Programs = {
  start: async (context) => (await import('./start.js')).programs.start(context),
  openOffline: async (context) => (await import('./start.js')).programs.openOffline(context),
};

try {
  process.exitCode = await run(process.argv.slice(2), processTerminal(), programs);
} catch (error) {
  process.stderr.write(`anteroom: ${messageOf(error)}\n`);
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  process.exitCode = INTERNAL_ERROR;
}
