import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../core/package-root.js';
import { ALL_CLASSES } from './classes.js';
import { documents } from './documents.js';
import { UNBUILT } from './unbuilt.js';

describe('documents made from the declarations', () => {
  it.each(Object.entries(documents()))('%s is in step; npm run docs writes it', (path, text) => {
    expect(readFileSync(join(packageRoot(), path), 'utf8')).toBe(text);
  });

  it('name only settings that exist as not built', () => {
    const names = new Set(
      ALL_CLASSES.flatMap((each) => Object.keys(each.own).map((trait) => `${each.name}.${trait}`)),
    );
    expect(Object.keys(UNBUILT).filter((name) => !names.has(name))).toEqual([]);
  });
});
