/** What goes wrong on demand: for some requests or all, so many times or until the rule is disposed of. */
export interface FaultRule {
  readonly method?: string;
  /** Part of path and query. */
  readonly path?: RegExp;
  /** Default: until disposed of. */
  readonly times?: number;
  readonly does:
    | { readonly kind: 'delay'; readonly ms: number }
    /** Answers so without looking at the request. */
    | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: number }
    /** Cuts the connection instead of handling the request, or after it was handled and before the answer. */
    | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
    /** Never answers. */
    | { readonly kind: 'silence' };
}

export class Faults {
  readonly #rules: { readonly rule: FaultRule; left: number }[] = [];
  /** Requests that met a rule. */
  met = 0;

  add(rule: FaultRule): Disposable {
    const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
    this.#rules.push(entry);
    return {
      [Symbol.dispose]: () => {
        const index = this.#rules.indexOf(entry);
        if (index >= 0) this.#rules.splice(index, 1);
      },
    };
  }

  clear(): void {
    this.#rules.length = 0;
  }

  next(method: string, url: string): FaultRule['does'] | undefined {
    const entry = this.#rules.find(
      ({ rule, left }) =>
        left > 0 && (rule.method ?? method) === method && (rule.path === undefined || rule.path.test(url)),
    );
    if (!entry) return undefined;
    entry.left -= 1;
    this.met += 1;
    return entry.rule.does;
  }
}
