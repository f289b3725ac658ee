import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { driver } from '../../hub/store/sqlite/driver.js';
import {
  CHP_VERSION,
  ensureChp,
  ensureVenv,
  JUPYTERHUB_VERSION,
  startPostgres,
  startRealHub,
} from './peers.js';

describe('the real peers', () => {
  it('are installed in the recorded versions, and found by those who only have the environment', async () => {
    const { environment } = await ensureVenv();
    const version = async (command: string): Promise<string> => {
      const { stdout } = await promisify(execFile)(command, ['--version'], { env: environment });
      return stdout.trim();
    };
    expect(await version('jupyterhub')).toBe(JUPYTERHUB_VERSION);
    expect(await version('configurable-http-proxy')).toBe(CHP_VERSION);
    expect(await version(await ensureChp())).toBe(CHP_VERSION);
  });

  it('start a PostgreSQL that takes rows, whose databases are apart, and that is gone afterwards', async () => {
    const postgres = await startPostgres();
    const url = await postgres.createDatabase('other');
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('create table t (n integer); insert into t values (42)');
    expect((await client.query('select n from t')).rows).toEqual([{ n: 42 }]);
    expect(await postgres.dumpSchema(url)).toContain('CREATE TABLE public.t');
    expect(await postgres.dumpSchema(postgres.url)).not.toContain('CREATE TABLE');
    await client.end();
    await postgres[Symbol.asyncDispose]();
    await expect(new Client({ connectionString: url }).connect()).rejects.toThrow(/ECONNREFUSED/);
  });

  it('start a JupyterHub of the recorded version on the recorded schema', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'anteroom-peer-'));
    const hub = await startRealHub({ dir });
    try {
      const answer = await fetch(`${hub.publicUrl}/hub/api/`);
      expect(await answer.json()).toEqual({ version: JUPYTERHUB_VERSION });
      const head = await readFile(join(import.meta.dirname, '../fixtures/alembic-head.txt'), 'utf8');
      const db = new driver(join(dir, 'jupyterhub.sqlite'), { readonly: true });
      expect(db.prepare('select version_num from alembic_version').pluck().all()).toEqual([head.trim()]);
      db.close();
    } finally {
      await hub[Symbol.asyncDispose]();
      await rm(dir, { recursive: true });
    }
    await expect(fetch(`${hub.publicUrl}/hub/api/`)).rejects.toThrow();
  });
});
