import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../core/package-root.js';
import { ALEMBIC_HEAD, jupyterhubSchema } from './schema.js';

function recorded(file: string): readonly string[] {
  const text = readFileSync(join(packageRoot(), 'test/fixtures', file), 'utf8');
  return text
    .replace(/^--.*\n/gm, '')
    .split(';\n')
    .map((statement) => statement.trim())
    .filter((statement) => statement.startsWith('CREATE'));
}

describe('the schema', () => {
  it('is that of JupyterHub 6.1.1 on SQLite, to the letter', () => {
    expect(jupyterhubSchema('sqlite')).toEqual(recorded('schema.sql'));
  });

  it('is that of JupyterHub 6.1.1 on PostgreSQL, to the letter', () => {
    expect(jupyterhubSchema('postgresql')).toEqual(recorded('schema-postgresql.sql'));
  });

  it('carries the recorded alembic head', () => {
    const head = readFileSync(join(packageRoot(), 'test/fixtures/alembic-head.txt'), 'utf8').trim();
    expect(ALEMBIC_HEAD).toBe(head);
  });
});
