import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { moduleFault } from './module-place.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anteroom-module-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What Node itself throws for a file: the test runner reads modules in its own way. */
async function importError(path: string): Promise<unknown> {
  const script = `import(${JSON.stringify(pathToFileURL(path).href)}).catch((e) => console.log(JSON.stringify([e.name, e.message, e.stack])))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  const [name, message, stack] = JSON.parse(stdout) as [string, string, string];
  const error = name === 'SyntaxError' ? new SyntaxError(message) : new Error(message);
  return Object.assign(error, { stack });
}

describe('what is wrong with a module', () => {
  it.each([
    ['a syntax error', 'export default (c) => {\n  c.JupyterHub.ip = ;\n};', ":2: Unexpected token ';'"],
    ['an unknown name', "\nimport { nothing } from 'node:fs';", ':2: The requested module'],
    ['an error of its own', '\n\nundefined.port = 1;', ':3: Cannot set properties of undefined'],
    ['a module that is not there', "import './nowhere.mjs';", ': Cannot find module'],
    [
      'a syntax error elsewhere',
      "import './part.mjs';",
      ": in a module that it imports: Unexpected token '='",
    ],
  ])('has the line of %s', async (_what, source, fault) => {
    writeFileSync(join(folder, 'part.mjs'), 'export const = 1;');
    const path = join(folder, 'config.mjs');
    writeFileSync(path, source);
    expect(await moduleFault(path, await importError(path))).toContain(`${path}${fault}`);
  });
});
