/** Our OpenAPI document, as a running hub serves it, beside the one in JupyterHub 6.1.1's sources. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { type Document, missingIn } from './openapi/compare.js';
import { explained, ONLY_OURS, ONLY_THEIRS, type Reason } from './openapi/differences.js';

const FIXTURE = join(import.meta.dirname, '../fixtures/openapi.json');

describe('/hub/api/openapi.json', () => {
  let hub: HubProcess;
  let ours: Document;
  let theirs: Document;

  beforeAll(async () => {
    hub = await startHub();
    const response = await fetch(`${hub.url}/hub/api/openapi.json`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    ours = (await response.json()) as Document;
    theirs = JSON.parse(await readFile(FIXTURE, 'utf8')) as Document;
  });
  afterAll(() => hub?.[Symbol.asyncDispose]());

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator({ strict: false });
    const result = await validator.validate(JSON.parse(JSON.stringify(ours)));
    expect([result.valid, result.errors, validator.version]).toEqual([true, undefined, '3.1']);
  });

  it('names every operation once', () => {
    const ids = Object.values(ours.paths).flatMap((item) =>
      Object.values(item).map((operation) => (operation as { operationId?: string }).operationId),
    );
    expect(ids.length).toBeGreaterThan(60);
    expect(new Set(ids).size).toBe(ids.length);
    const named = Object.values(theirs.paths).flatMap((item) =>
      Object.values(item).map((operation) => (operation as { operationId?: string }).operationId),
    );
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('has every method, parameter, scope and status that JupyterHub describes, or says why not', () => {
    const missing = missingIn(theirs, ours);
    expect(missing.filter((fact) => !explained(fact, ONLY_THEIRS))).toEqual([]);
    expect(unused(ONLY_THEIRS, missing)).toEqual([]);
  });

  it('has nothing more without a reason', () => {
    const more = missingIn(ours, theirs);
    expect(more.filter((fact) => !explained(fact, ONLY_OURS))).toEqual([]);
    expect(unused(ONLY_OURS, more)).toEqual([]);
  });

  it('describes what is there: each operation is answered by a handler of its own', async () => {
    const absent: string[] = [];
    for (const [path, item] of Object.entries(ours.paths)) {
      for (const method of Object.keys(item)) {
        const url = `${hub.url}/hub/api${path.replace(/\{\w+\}/g, 'nothing')}`;
        const { status } = await fetch(url, { method: method.toUpperCase(), redirect: 'manual' });
        const isRemoved = path === '/authorizations/token';
        if (status === 405 || (status === 404 && !isRemoved) || status >= 500)
          absent.push(`${method} ${path}: ${status}`);
      }
    }
    expect(absent).toEqual([]);
  });
});

function unused(reasons: readonly Reason[], facts: readonly string[]): readonly string[] {
  return reasons.filter((reason) => !facts.some((fact) => explained(fact, [reason]))).map(({ why }) => why);
}
