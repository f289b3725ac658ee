/** The cookies of JupyterHub 6.1.1's own answers (test/fixtures/hub-answers/sign-in.json, sign-out.json), beside ours. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestHub } from '../../test/support/hub.js';

interface Step {
  readonly request: { readonly method: string; readonly path: string; readonly body?: string };
  readonly response: {
    readonly status: number;
    readonly headers: { readonly 'set-cookie'?: readonly string[] };
  };
}
const steps = (name: string): readonly Step[] => {
  const path = new URL(`../../test/fixtures/hub-answers/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly steps: readonly Step[] }).steps;
};

/** Names and attributes, and `""` of what is cleared; the recording hides other values, quotes included. */
const shape = (cookies: readonly string[] | string | undefined): readonly string[] =>
  [cookies ?? []]
    .flat()
    .map((cookie) => cookie.replace(/^([^=]+)=(?!""(?:;|$))[^;]*/, '$1=').replace(/expires=[^;]*/, 'expires'))
    .sort();

let hub: TestHub;
beforeEach(async () => {
  hub = await TestHub.make();
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
});

it('the sign-in page', async () => {
  const recorded = steps('sign-in').find(
    (step) => step.request.method === 'GET' && step.response.status === 200,
  );
  const ours = await hub.browser().get('/hub/login');
  expect(shape(recorded?.response.headers['set-cookie'])).toHaveLength(1);
  expect(shape(ours.headers['set-cookie'])).toEqual(shape(recorded?.response.headers['set-cookie']));
});

it('a sign-in', async () => {
  const recorded = steps('sign-in').find(
    (step) => step.request.method === 'POST' && step.response.status === 302,
  );
  const ours = await hub.browser().signIn('alice');
  expect(shape(recorded?.response.headers['set-cookie'])).toHaveLength(3);
  expect(shape(ours.headers['set-cookie'])).toEqual(shape(recorded?.response.headers['set-cookie']));
});

it('a sign-out', async () => {
  const [recorded] = steps('sign-out');
  const browser = hub.browser();
  await browser.signIn('alice');
  const ours = await browser.get('/hub/logout');
  expect(shape(recorded?.response.headers['set-cookie'])).toHaveLength(4);
  expect(shape(ours.headers['set-cookie'])).toEqual(shape(recorded?.response.headers['set-cookie']));
});
