/** The language of templates: real Jinja2 as JupyterHub 6.1.1 sets it up (autoescape), and ours, on the same texts. */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { createJinja } from '../../hub/pages/jinja/engine.js';
import { CASES, type JinjaCase, VARIABLES } from './jinja/cases.js';
import { ensureVenv } from './peers.js';

const THEIRS = `
import json, sys
from jinja2 import DictLoader, Environment
given = json.load(sys.stdin)
results = []
for files in given["cases"]:
    try:
        environment = Environment(loader=DictLoader(files), autoescape=True)
        results.append(environment.get_template("page.html").render(**given["variables"]))
    except Exception as error:
        results.append(f"{type(error).__name__}: {error}")
json.dump(results, sys.stdout)
`;

function ours({ files }: JinjaCase): string {
  const jinja = createJinja({
    files: new Map(
      Object.entries(files).map(([name, source]) => [name, { kind: 'html', name, path: name, source }]),
    ),
    find: () => undefined,
    whitespace: { trimBlocks: false, lstripBlocks: false },
    words: (key) => key,
    functions: new Map(),
    absent: {},
  });
  expect(jinja.faults).toEqual([]);
  return jinja.render('page.html', structuredClone(VARIABLES));
}

const theirs = new Map<JinjaCase, string>();
beforeAll(async () => {
  const { python } = await ensureVenv();
  const input = JSON.stringify({ variables: VARIABLES, cases: CASES.map(({ files }) => files) });
  const { stdout, stderr, status } = spawnSync(python, ['-c', THEIRS], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  for (const [index, text] of (JSON.parse(stdout) as string[]).entries()) theirs.set(CASES[index]!, text);
}, 300_000);

describe('Jinja2 and ours', () => {
  it.each(CASES.map((each) => [each.title, each] as const))('%s', (_title, each) => {
    expect(theirs.get(each)).not.toMatch(/^\w+Error: /);
    expect(ours(each)).toBe(theirs.get(each));
  });
});
