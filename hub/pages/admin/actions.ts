/**
 * What the buttons of the administrators' pages ask for: one thing at once, or many with a question before and an account
 * of each afterwards. Parsing is pure; doing is the REST API's (api-calls.ts).
 */
import type { Clock } from '../../../core/clock.js';
import { escapeName } from '../../../core/model/names.js';
import { httpError } from '../../http/errors.js';
import type { Form } from '../../http/form.js';
import type { ApiAnswer, ApiCalls } from './api-calls.js';

const VERBS = ['start', 'stop', 'delete-server', 'delete-user'] as const;
export type Verb = (typeof VERBS)[number];
/** Those that cannot be taken back are asked for twice. */
const ASKED_TWICE: readonly Verb[] = ['delete-server', 'delete-user'];

/** `server` `''`: the default one, or the user themselves. */
export interface Target {
  readonly user: string;
  readonly server: string;
}

export type Act =
  /** Done at once. */
  | { readonly kind: 'run'; readonly verb: Verb; readonly targets: readonly Target[] }
  /** Asked for again before it is done. */
  | { readonly kind: 'ask'; readonly verb: Verb; readonly targets: readonly Target[] }
  /** Of users that were marked in the table; which servers that means depends on their state. */
  | { readonly kind: 'ask-selected'; readonly verb: Verb; readonly users: readonly string[] }
  | { readonly kind: 'stop-all'; readonly confirmed: boolean };

const SELECTED: Readonly<Record<string, Verb>> = {
  'start-selected': 'start',
  'stop-selected': 'stop',
  'delete-selected': 'delete-user',
};
/** A page of the table is never longer (`api_page_max_limit` is what it may be set to). */
const MAX_TARGETS = 900;

/**
 * The field `act` of a button: `start/alice/`, `stop/alice/gpu`, `delete-user/alice`, `stop-selected` with fields
 * `user`, `stop-all`; after a question `run` with `verb` and fields `target`.
 * @throws Fault 400
 */
export function readAct({ fields }: Form): Act {
  const [name = '', ...names] = (fields.get('act')?.at(-1) ?? '').split('/');
  const confirmed = fields.get('confirmed')?.at(-1) === 'yes';
  if (name === 'stop-all') return { kind: 'stop-all', confirmed };
  const selected = Object.hasOwn(SELECTED, name) ? SELECTED[name] : undefined;
  if (selected) {
    const users = [...new Set(fields.get('user') ?? [])].slice(0, MAX_TARGETS);
    return { kind: 'ask-selected', verb: selected, users };
  }
  if (name === 'run') {
    const verb = verbNamed(fields.get('verb')?.at(-1));
    const targets = (fields.get('target') ?? []).slice(0, MAX_TARGETS).map(readTarget);
    return { kind: confirmed ? 'run' : 'ask', verb, targets };
  }
  const verb = verbNamed(name);
  return { kind: ASKED_TWICE.includes(verb) ? 'ask' : 'run', verb, targets: [readTarget(names.join('/'))] };
}

function verbNamed(text: string | undefined): Verb {
  const verb = VERBS.find((each) => each === text);
  if (verb === undefined) throw httpError(400, 'The form does not say what to do');
  return verb;
}

export function targetText({ user, server }: Target): string {
  return `${escapeName(user)}/${escapeName(server)}`;
}

function readTarget(text: string): Target {
  const [user = '', server = '', ...rest] = text.split('/');
  if (user === '' || rest.length > 0) throw httpError(400, 'The form does not say whom it is about');
  return { user: decoded(user), server: decoded(server) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw httpError(400, 'The form does not say whom it is about');
    throw error;
  }
}

export interface Outcome extends Target, ApiAnswer {}

/** At a time; a hub's own limits on starts say how many may run. */
const CONCURRENCY = 8;
/** Milliseconds after which nothing more is begun: whoever waits for the answer hears what was left. */
const TIME_LIMIT_MS = 60_000;

/** Does it to every target, whatever happens to the others; in the order given. */
export async function perform(
  calls: Pick<ApiCalls, 'call'>,
  verb: Verb,
  targets: readonly Target[],
  clock: Pick<Clock, 'now'>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const deadline = clock.now() + TIME_LIMIT_MS;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < targets.length; at = next++) {
      const target = targets[at] as Target;
      const answer = clock.now() < deadline ? await callFor(calls, verb, target) : LATE;
      outcomes[at] = { ...target, ...answer };
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, targets.length) }, work));
  return outcomes;
}

const LATE: ApiAnswer = {
  ok: false,
  status: 503,
  message: 'Not begun: the others took longer than a minute. Try again for the rest.',
};

function callFor(calls: Pick<ApiCalls, 'call'>, verb: Verb, { user, server }: Target): Promise<ApiAnswer> {
  const path = server === '' ? ['users', user, 'server'] : ['users', user, 'servers', server];
  switch (verb) {
    case 'start':
      return calls.call('POST', path);
    case 'stop':
      return calls.call('DELETE', path);
    case 'delete-server':
      return calls.call('DELETE', path, { remove: true });
    case 'delete-user':
      return calls.call('DELETE', ['users', user]);
  }
}
