/**
 * `jupyterhub_config.py`, data only: what it sets, told by the machine's python3 that ran it.
 *
 * Owns: running it (child.ts, driver/), reading the answer (answer.ts), saying what is wrong (explain.ts). Does not
 * own: what the names mean. It is no sandbox: the file may do what the hub's account may do.
 */
import { messageOf, StartupFault } from '../../fault.js';
import type { Sections } from '../recorder.js';
import { type Answer, type PythonFault, readAnswer, type Variables } from './answer.js';
import { type ChildEnd, type ChildLimits, LIMITS, runDriver } from './child.js';
import { explainCall, explainFailure, explainFault } from './explain.js';
import { withoutSecrets } from './secrets.js';

export interface Surroundings {
  /** The hub's working directory: the file's too, as under JupyterHub, whose load_subconfig looks there. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface PythonConfig {
  readonly sections: Sections;
  /** What cannot be kept; the sections are without it, so nobody may start with one of them. */
  readonly unkept: readonly PythonFault[];
  readonly warnings: readonly string[];
  /** For the log at debug: what the file printed, which files were not there. */
  readonly notes: readonly string[];
  readonly variables: Variables;
}

/** @throws StartupFault when the file cannot be run to its end; with what it raised, every setting that is no data */
export async function readPythonConfig(
  path: string,
  surroundings: Surroundings,
  limits: ChildLimits = LIMITS,
): Promise<PythonConfig> {
  const end = await runDriver(path, surroundings, limits);
  if (end.kind !== 'answer') throw new StartupFault([`${path}: ${withoutAnswer(end, limits)}`]);
  const answer = answerOf(path, end.text);
  const environments = [surroundings.env, answer.variables];
  const clean = (text: string): string => withoutSecrets(text, environments, answer.sections);
  const changed = Object.keys(answer.variables);
  const failures = [
    ...(answer.failure ? [clean(explainFailure(answer.failure, path))] : []),
    ...answer.calls.filter((call) => call.configures).map((call) => explainCall(call)),
  ];
  if (failures.length > 0) {
    throw new StartupFault([...failures, ...answer.faults.map((fault) => explainFault(fault, path))]);
  }
  return {
    sections: answer.sections,
    unkept: answer.faults,
    warnings: answer.calls.map((call) => explainCall(call)),
    notes: [
      `${path} was run by ${answer.python}`,
      ...answer.notes,
      ...(changed.length > 0 ? [`${path} changed the environment: ${changed.join(', ')}`] : []),
      ...lines(clean(end.output)).map((line) => `${path} printed: ${line}`),
    ],
    variables: answer.variables,
  };
}

function answerOf(path: string, text: string): Answer {
  try {
    return readAnswer(text);
  } catch (error) {
    throw new StartupFault([`${path}: what python3 said of it cannot be read: ${messageOf(error)}`]);
  }
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function withoutAnswer(end: Exclude<ChildEnd, { kind: 'answer' }>, limits: ChildLimits): string {
  switch (end.kind) {
    case 'missing':
      return (
        'a .py configuration is run by python3, and there is none in PATH; install it, or write the settings as ' +
        "jupyterhub_config.mjs (export default (c) => { c.JupyterHub.bind_url = 'http://:8000'; }) or as " +
        'jupyterhub_config.json ({"JupyterHub": {"bind_url": "http://:8000"}})'
      );
    case 'unstartable':
      return `python3 cannot be started: ${end.why}`;
    case 'too-long':
      return `python3 was not done after ${limits.milliseconds / 1000} s and was ended; take out what waits (a network, a lock, a sleep)`;
    case 'too-large':
      return 'its settings are larger than 8 MiB';
    case 'died':
      return `python3 ended before the file did (${end.how})`;
  }
}
