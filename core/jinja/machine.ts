/**
 * What a compiled template calls while it runs (`env.python`): Python's operators on values, the blocks of the page,
 * included and imported templates, and where an error stood. One page at a time, since rendering never waits.
 */
import { createFilters } from './filters.js';
import { createGlobals, loopState } from './globals.js';
import type { BlockFunction, Callback, Context, Environment, Frame, Nunjucks } from './nunjucks.js';
import { createOperations, Namespace } from './operations.js';
import type { Keywords } from './signature.js';
import { createTests } from './tests.js';
import { createValues, TemplateProblem } from './values.js';

/** Steps of all loops of one page. */
const MAX_STEPS = 1_000_000;
/** Templates that include one another. */
const MAX_DEPTH = 50;

/** An error of a running template, with its place. */
class RenderProblem extends Error {
  /** What nunjucks calls to put its own words around an error. */
  Update(): this {
    return this;
  }
}

interface MachineOptions {
  readonly autoescape?: boolean;
  readonly sortKeys?: boolean;
}

export function createMachine(
  nunjucks: Nunjucks,
  { autoescape = true, sortKeys = true }: MachineOptions = {},
) {
  let steps = 0;
  let depth = 0;
  const values = createValues(nunjucks, autoescape);
  const spend = (more: number): void => {
    steps += more;
    if (steps > MAX_STEPS)
      throw new TemplateProblem(`the loops of this page make more than ${MAX_STEPS} steps`);
  };
  const operations = createOperations(values, spend);
  const tests = createTests(values, operations.order, operations.contains);
  const filters = createFilters({ values, operations, tests, sortKeys });
  const globals = createGlobals(operations);

  /** Runs what answers through a callback, at once. */
  function now(run: (callback: Callback) => void): unknown {
    const outcome: { error?: unknown; result?: unknown } = {};
    run((error, result) => {
      if (error) outcome.error ??= error;
      else outcome.result = result;
    });
    if (outcome.error) throw outcome.error;
    return outcome.result;
  }

  function template(env: Environment, name: unknown) {
    return env.getTemplate(values.string(name), true);
  }

  function included(
    env: Environment,
    names: unknown,
    ignoreMissing: boolean,
    variables: Keywords,
    frame: Frame,
  ): string {
    const wanted = Array.isArray(names) ? names : [names];
    const found = wanted.map((name) => values.string(name)).find((name) => exists(env, name));
    if (found === undefined) {
      if (ignoreMissing) return '';
      throw new TemplateProblem(
        `there is no template ${wanted.map((name) => values.string(name)).join(', ')}`,
      );
    }
    depth++;
    try {
      if (depth > MAX_DEPTH)
        throw new TemplateProblem(`templates include one another more than ${MAX_DEPTH} deep`);
      return String(now((callback) => template(env, found).render(variables, frame, callback)));
    } finally {
      depth--;
    }
  }

  function exists(env: Environment, name: string): boolean {
    try {
      template(env, name);
      return true;
    } catch (error) {
      if (error instanceof MissingTemplate) return false;
      throw error;
    }
  }

  return {
    ...values,
    ...operations,
    globals,
    filters: filters.all,
    tests,
    loopState,
    filter: filters.run,
    /** Forgets what the last page used up. */
    begin(): void {
      steps = 0;
      depth = 0;
    },
    /** One turn of a loop, whose list may grow meanwhile. */
    step: () => spend(1),
    test(name: string, value: unknown, argument: unknown): boolean {
      const test = tests.get(name);
      if (!test) throw new TemplateProblem(`there is no test "${name}"`);
      return test.run(value, argument);
    },
    lookup(context: Context, frame: Frame, name: string): unknown {
      const local = frame.lookup(name);
      if (local !== undefined) return local;
      const variables = context.getVariables();
      if (Object.hasOwn(variables, name)) return variables[name];
      return Object.hasOwn(globals, name) ? globals[name] : undefined;
    },
    assign(target: unknown, name: string, value: unknown): void {
      if (!(target instanceof Namespace)) throw new TemplateProblem('only a namespace() can be written to');
      Object.assign(target, { [name]: value });
    },
    macro(run: (...values: unknown[]) => unknown): void {
      // nunjucks tells keywords from a last value of the caller's by this mark.
      Object.assign(run, { isMacro: true });
    },
    call(name: string, target: unknown, positional: readonly unknown[], keywords: Keywords): unknown {
      if (typeof target === 'function' && 'isMacro' in target)
        return (target as unknown as (...all: unknown[]) => unknown)(...positional, {
          ...keywords,
          __keywords: true,
        });
      return operations.call(name, target, positional, keywords);
    },
    block(block: BlockFunction, env: Environment, context: Context, frame: Frame, runtime: unknown): unknown {
      return values.safe(String(now((callback) => block(env, context, frame, runtime, callback))));
    },
    parentBlock(
      name: string,
      block: BlockFunction,
      env: Environment,
      context: Context,
      frame: Frame,
      runtime: unknown,
    ) {
      return values.safe(
        String(now((callback) => context.getSuper(env, name, block, frame, runtime, callback))),
      );
    },
    included,
    imported(env: Environment, name: unknown, variables: Keywords, frame: Frame | null): unknown {
      return now((callback) => template(env, name).getExported(variables, frame, callback));
    },
    member(module: Keywords, name: string): unknown {
      if (!Object.hasOwn(module, name)) throw new TemplateProblem(`the imported template has no ${name}`);
      return module[name];
    },
    parent: (env: Environment, name: unknown): unknown => template(env, name),
    /** @param line from 0 */
    located(error: unknown, file: string, line: number): unknown {
      if (error instanceof RenderProblem) return error;
      const message = error instanceof Error ? error.message : String(error);
      return new RenderProblem(`${file}:${line + 1}: ${message}`, { cause: error });
    },
  };
}

export class MissingTemplate extends Error {}
