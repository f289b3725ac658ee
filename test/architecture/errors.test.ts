import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLOSE } from '../../terminal/protocol/close-codes.js';

/**
 * docs/errors.md and the sources name the same codes. A code is read where it is given: as first argument of a
 * `Fault` (or of `super` in its subclasses, or of a function that passes it on), as `code:`, or as first of a tuple
 * with its status.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const ROOMS = ['core', 'kube', 'hub', 'spawners', 'authenticators', 'proxy', 'terminal', 'cli'];
const CODE = "'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)'";
const GIVEN = [
  new RegExp(`\\b(?:new Fault|super|refusal)\\(\\s*${CODE}`, 'g'),
  new RegExp(`\\bcode: ${CODE}`, 'g'),
  new RegExp(`\\[\\s*${CODE},\\s*[1-5]\\d\\d\\b`, 'g'),
];
/** errno of Node and the system, which are not ours. */
const SYSTEM = /^E[A-Z]+$/;
/** Where the code is no literal: each is one of the above, or stands in the docs as `HTTP_nnn`. */
const PASSED_ON = [
  'hub/http/errors.ts: HTTP_nnn',
  'hub/lifecycle/failure.ts: code',
  'hub/lifecycle/operate.ts: failure.code',
  'hub/store/discreet.ts: code',
  'hub/store/postgresql/faults.ts: fault',
  'hub/store/sqlite/faults.ts: fault',
];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'testing') yield* sources(path);
    else if (/\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name)) yield path;
  }
}

function scan() {
  const codes = new Map<string, string>();
  const passedOn = new Set<string>();
  const present = readdirSync(ROOT);
  for (const room of ROOMS.filter((name) => present.includes(name))) {
    for (const path of sources(join(ROOT, room))) {
      const text = readFileSync(path, 'utf8');
      const where = relative(ROOT, path);
      for (const pattern of GIVEN) {
        for (const [, code = ''] of text.matchAll(pattern)) if (!SYSTEM.test(code)) codes.set(code, where);
      }
      for (const [, first = ''] of text.matchAll(/\bnew Fault\(\s*([^'\s][^,)]*)/g))
        passedOn.add(`${where}: ${first.replace(/^`(.*)\$\{.*$/, '$1nnn')}`);
    }
  }
  return { codes, passedOn };
}

describe('docs/errors.md', () => {
  const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|(.*)\|$/gm)];
  const documented = rows.map(([, code = '']) => code);
  const { codes, passedOn } = scan();

  it('sees the codes of every program', () => {
    expect(codes.size).toBeGreaterThan(80);
    for (const room of ['core/', 'hub/', 'spawners/', 'proxy/', 'terminal/']) {
      expect([...codes.values()].some((where) => where.startsWith(room))).toBe(true);
    }
  });

  it('lists every code once', () => {
    const missing = [...codes].filter(([code]) => !documented.includes(code));
    expect(missing.map(([code, where]) => `${code} (${where})`)).toEqual([]);
    expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
  });

  it('lists no code that is gone', () => {
    expect(documented.filter((code) => !codes.has(code))).toEqual([]);
    expect(page).toContain('| `HTTP_nnn` |');
  });

  it('says status, meaning and remedy of each', () => {
    for (const [, code, rest = ''] of rows) {
      const cells = rest.split('|').map((cell) => cell.trim());
      expect([code, cells.length, cells.includes('')]).toEqual([code, 3, false]);
      expect(cells[0]).toMatch(/^(?:start|[1-5]\d\d)(?:, (?:start|[1-5]\d\d|or .+))*$/);
    }
  });

  it('knows where a code is passed on', () => {
    expect([...passedOn].sort()).toEqual(PASSED_ON);
  });

  it("lists why a terminal's socket was closed", () => {
    const listed = [...page.matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(CLOSE).sort((a, b) => a - b));
  });
});
