import { Fault } from '../fault.js';
import type { JsonObject } from '../model/json.js';
import { BUILTIN_SCOPES, type ScopeDefinition } from './builtin.js';
import { readCustomScopes } from './custom-scopes.js';
import { type ExpandContext, expand } from './expand.js';
import { Memo } from './memo.js';
import { hasEmptyFilter, PLACEHOLDERS, splitScope } from './scope.js';
import type { ScopeSet } from './scope-set.js';

/** A name in a request or a configuration that is no scope. HTTP 400. */
export class ScopeNotFound extends Fault {
  constructor(message: string) {
    super('SCOPE_NOT_FOUND', message, { status: 400 });
    this.name = 'ScopeNotFound';
  }
}

const FILTER_START = /^(?:user|service|group|server)=/;
/** Expansions remembered: one for each user, token and share in use. */
const MEMO_LIMIT = 20_000;

/** The scopes that exist in one hub, and their expansion, which is computed once for each distinct input. */
export class ScopeRegistry {
  readonly #definitions = new Map<string, ScopeDefinition>(Object.entries(BUILTIN_SCOPES));
  readonly #implied = new Map<string, readonly string[]>();
  readonly #expansions = new Memo<ScopeSet>(MEMO_LIMIT);
  readonly #onDropped: (scope: string) => void;

  /** @param onDropped told once per expansion about a scope that grants nothing: unknown, or without a target */
  constructor(onDropped: (scope: string) => void = () => undefined) {
    this.#onDropped = onDropped;
  }

  /**
   * Adds `c.JupyterHub.custom_scopes`: all of them, or none when there are faults. Once, before the first request.
   */
  defineCustom(config: JsonObject): {
    readonly faults: readonly string[];
    readonly warnings: readonly string[];
  } {
    const { definitions, faults, warnings } = readCustomScopes(config, this.#definitions);
    if (faults.length === 0) {
      for (const [name, definition] of definitions) this.#definitions.set(name, definition);
      this.#implied.clear();
      this.#expansions.clear();
    }
    return { faults, warnings };
  }

  has(base: string): boolean {
    return this.#definitions.has(base);
  }

  definition(base: string): ScopeDefinition | undefined {
    return this.#definitions.get(base);
  }

  /** What is wrong with a scope text, or `undefined`. Any filter is accepted on any scope, as JupyterHub does. */
  problem(text: string, whoFor = ''): string | undefined {
    const { base, filter } = splitScope(text);
    const of = whoFor === '' ? '' : ` for ${whoFor}`;
    if (!this.#definitions.has(base)) {
      if (base === 'all') return "Draft scope 'all' is now called 'inherit'";
      return `Scope '${text}'${of} does not exist`;
    }
    if (filter === '' || PLACEHOLDERS.has(filter) || FILTER_START.test(filter)) return undefined;
    return `Scope filter ${filter} '!${filter}' in scope '${text}'${of} does not exist`;
  }

  /** @throws ScopeNotFound for the first text that is no scope */
  check(texts: Iterable<string>, whoFor?: string): void {
    for (const text of texts) {
      const problem = this.problem(text, whoFor);
      if (problem !== undefined) throw new ScopeNotFound(problem);
    }
  }

  /** `check` for what somebody asks to hold, where JupyterHub reads the filters too. @throws ScopeNotFound */
  checkWanted(texts: readonly string[], whoFor: string): void {
    this.check(texts, whoFor);
    const empty = texts.find(hasEmptyFilter);
    if (empty !== undefined) throw new ScopeNotFound(`Empty string is not a valid filter: ${empty}`);
  }

  /** The base and everything that it implies, or `undefined` when there is no such scope. */
  implied(base: string): readonly string[] | undefined {
    const known = this.#implied.get(base);
    if (known || !this.#definitions.has(base)) return known;
    const closure = new Set<string>();
    const queue = [base];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (closure.has(next)) continue;
      closure.add(next);
      queue.push(...(this.#definitions.get(next)?.subscopes ?? []));
    }
    const implied = Object.freeze([...closure]);
    this.#implied.set(base, implied);
    return implied;
  }

  /** See `expand`. Equal inputs give the same object. */
  expand(raw: Iterable<string>, context: ExpandContext = {}): ScopeSet {
    const sorted = [...new Set(raw)].sort();
    const { owner, client } = context;
    const key = JSON.stringify([
      sorted,
      owner && [owner.kind, owner.name],
      client &&
        (client.kind === 'server' ? ['server', client.user, client.server] : ['service', client.name]),
    ]);
    const known = this.#expansions.get(key);
    if (known) return known;
    const expanded = expand(sorted, context, (base) => this.implied(base), this.#onDropped);
    this.#expansions.set(key, expanded);
    return expanded;
  }
}
