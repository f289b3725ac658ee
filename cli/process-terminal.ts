import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Terminal } from './terminal.js';

/** The real process as a `Terminal`. */
export function processTerminal(): Terminal {
  return {
    cwd: process.cwd(),
    env: process.env,
    setVariables,
    userName: () => userInfo().username,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    ask,
    logIsTerminal: process.stderr.isTTY === true,
  };
}

function setVariables(variables: Readonly<Record<string, string | null>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // without an input the question would never be answered
    return await Promise.race([
      lines.question(question),
      new Promise<string>((done) => lines.once('close', () => done(''))),
    ]);
  } finally {
    lines.close();
  }
}
