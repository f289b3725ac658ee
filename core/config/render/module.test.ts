import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HAS_PYTHON } from '../../../test/support/python.js';
import { readConfigFile } from '../files.js';
import { readPythonConfig } from '../python/index.js';
import type { Sections } from '../recorder.js';
import { configModule } from './module.js';

/** Any data: odd keys, odd texts, numbers that JSON lacks, octets, sets. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', "it's", '\u2028', '*/', '`${'),
);
const anyData = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true }),
    anyText,
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(anyText, { maxLength: 4 }).map((items) => new Set(items)),
    fc.dictionary(anyText, tie('value'), { maxKeys: 6 }),
  ),
})).value;

function settingsOf(values: readonly unknown[]): Sections {
  return new Map([
    [
      'Odd',
      new Map(values.map((value, index) => [`t${index}`, [{ kind: 'value' as const, value, source: '' }]])),
    ],
  ]);
}

function valuesOf(sections: Sections): unknown[] {
  return [...(sections.get('Odd')?.values() ?? [])].map(([setting]) =>
    setting?.kind === 'value' ? normal(setting.value) : setting,
  );
}

/** Dictionaries with and without a prototype are one. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Set || value instanceof Uint8Array || typeof value !== 'object' || value === null)
    return value;
  return Object.entries(value).map(([key, each]) => [key, normal(each)]);
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-module-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a configuration as a module', () => {
  it('reads back as what it was made from, whatever the data', () =>
    inFolder(async (folder) => {
      const sections = settingsOf(fc.sample(anyData, 400));
      const path = join(folder, 'made.mjs');
      writeFileSync(path, configModule(sections, [], { head: ['a\nb\u2028c'] }));
      const made = await readConfigFile(path, { cwd: folder, env: {} });
      expect(valuesOf(made.sections)).toEqual(valuesOf(sections));
    }));

  it.skipIf(!HAS_PYTHON)('comes out of Python as it went in, whatever the JSON', () =>
    inFolder(async (folder) => {
      const values = fc.sample(fc.jsonValue({ stringUnit: 'binary' }), 400);
      writeFileSync(join(folder, 'values.json'), JSON.stringify(values));
      const path = join(folder, 'jupyterhub_config.py');
      writeFileSync(
        path,
        [
          'import json',
          '# JavaScript writes large floats like whole numbers, with digits that are not exact',
          'number = lambda text: int(text) if len(text) < 17 else float(text)',
          "for i, value in enumerate(json.load(open('values.json'), parse_int=number)):",
          "  setattr(c.Odd, 't%d' % i, value)",
        ].join('\n'),
      );
      const read = await readPythonConfig(path, { cwd: folder, env: process.env });
      expect(read.unkept).toEqual([]);
      const plain = JSON.parse(JSON.stringify(values)) as unknown[];
      expect(valuesOf(read.sections)).toEqual(valuesOf(settingsOf(plain)));
    }),
  );

  it('puts no text of a comment into the code', () => {
    const leftOut = [{ section: 'A', comment: ['x\n} process.exit(1); //', '\u2029 y'] }];
    const text = configModule(new Map(), leftOut, { head: ['head\r\nlate'] });
    expect(text.split('\n').filter((line) => !/^\s*\/[/*]/.test(line))).toEqual([
      '',
      'export default function configure(c) {',
      '}',
      '',
    ]);
  });
});
