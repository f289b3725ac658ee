import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../core/package-root.js';
import { SLOTS } from './builtins.js';
import { ALL_CLASSES } from './classes.js';
import { UNBUILT, WITHOUT_EFFECT } from './unbuilt.js';

/**
 * Nothing is accepted and ignored: a setting is read by the code, moves to one that is, or stands in a table of
 * unbuilt.ts. "Read" is looked for in the text of the sources: its name stands outside declarations and comments.
 */
const ROOMS = ['core', 'hub', 'spawners', 'authenticators', 'proxy', 'cli'];
const DECLARATIONS = /(^|[/-])traits\.ts$|hub\/config\.ts$|cli\/unbuilt\.ts$|cli\/grammar\.ts$|\.test\.ts$/;

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'testing') yield* files(path);
    else if (/\.ts$/.test(path)) yield path;
  }
}

function* sources(folder: string): Generator<string> {
  for (const path of files(folder)) if (!DECLARATIONS.test(path)) yield readFileSync(path, 'utf8');
}

function* declarations(folder: string): Generator<string> {
  for (const path of files(folder)) if (/traits\.ts$/.test(path)) yield readFileSync(path, 'utf8');
}

/** What other settings follow from: read where they are declared. */
const derived = ROOMS.flatMap((room) => [...declarations(join(packageRoot(), room))]).join('\n');

const code = ROOMS.flatMap((room) => [...sources(join(packageRoot(), room))])
  .flatMap((text) => text.split('\n'))
  .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line))
  .join('\n');

/** Read as a property or taken apart by name. */
function isRead(name: string): boolean {
  if (new RegExp(`\\bvalues\\.${name}\\b`).test(derived)) return true;
  return new RegExp(`(\\.|[{,]\\s*|')${name}\\b`).test(code);
}

const notBuilt = new Set(
  Object.values(SLOTS).flatMap((slot) =>
    slot.builtins.filter((each) => each.notBuilt).map((each) => each.declaration.name),
  ),
);

describe('every setting', () => {
  it('is read, or refused, or said to have no effect', () => {
    const ignored = ALL_CLASSES.filter((each) => !notBuilt.has(each.name)).flatMap((declaration) =>
      Object.entries(declaration.own)
        .filter(([name, trait]) => !trait.deprecated?.target && !isRead(name))
        .map(([name]) => `${declaration.name}.${name}`)
        .filter((name) => UNBUILT[name] === undefined && WITHOUT_EFFECT[name] === undefined),
    );
    // defaults of a subclass are read where the parent's setting is
    const inherited = ALL_CLASSES.flatMap((each) =>
      Object.keys(each.own)
        .filter((name) => each.parent?.traits[name])
        .map((name) => `${each.name}.${name}`),
    );
    expect(ignored.filter((name) => !inherited.includes(name))).toEqual([]);
  });

  it('that is refused is not read: take its line out of UNBUILT once it is built', () => {
    // words that stand in the code for other things as well
    const common = ['log_format', 'username_claim'];
    const read = Object.keys(UNBUILT).filter((name) => {
      const trait = name.split('.')[1] ?? '';
      return !common.includes(trait) && new RegExp(`\\.${trait}\\b`).test(code);
    });
    expect(read).toEqual([]);
  });
});
