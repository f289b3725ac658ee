import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Answers, converse, STEPS } from './conversation.js';
import { startApiServer } from './server.js';

const FIXTURE = new URL('../fixtures/kubernetes-answers.json', import.meta.url);

/**
 * The test API server answers as a real one did. To record anew, give an API server with etcd and RBAC and no
 * controllers: ANTEROOM_RECORD_API='https://127.0.0.1:6443 ADMIN_TOKEN NOBODYS_TOKEN'; it is left with the remains.
 */
const [url = '', admin = '', nobody = ''] = (process.env['ANTEROOM_RECORD_API'] ?? '').split(' ');
if (url !== '') {
  const answers = await converse({ url, admin, nobody });
  const origin =
    'Kubernetes 1.36.2: kube-apiserver with etcd 3.4.23, RBAC, no controllers; test/kubernetes/conversation.test.ts';
  writeFileSync(FIXTURE, `${JSON.stringify({ origin, answers }, null, 1)}\n`);
}

const { answers: recorded } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as { readonly answers: Answers };
const server = await startApiServer({ controllers: false });
const ours = await converse({
  url: server.url,
  admin: server.adminToken,
  nobody: server.userToken('nobody'),
});
await server[Symbol.asyncDispose]();

describe('the test API server answers as a real one', () => {
  it('to every step of the conversation', () => {
    expect(Object.keys(ours)).toEqual(STEPS.map(({ name }) => name));
    expect(Object.keys(recorded)).toEqual(Object.keys(ours));
  });

  it.each(STEPS.map(({ name }) => name))('%s', (name) => {
    expect(ours[name]).toEqual(recorded[name]);
  });
});
