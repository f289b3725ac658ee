import { isJsonObject, type JsonObject } from '../model/json.js';
import type { ScopeDefinition } from './builtin.js';

/** JupyterHub 6.1.1 `_custom_scope_pattern`. */
const NAME = /^custom:[a-z0-9][a-z0-9_\-*:]+[a-z0-9_*]$/;
const KEYS: ReadonlySet<string> = new Set(['description', 'subscopes']);

export interface CustomScopes {
  readonly definitions: ReadonlyMap<string, ScopeDefinition>;
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads `c.JupyterHub.custom_scopes` and finds all of its faults. `known` are the scopes that exist already. */
export function readCustomScopes(
  config: JsonObject,
  known: ReadonlyMap<string, ScopeDefinition>,
): CustomScopes {
  const definitions = new Map<string, ScopeDefinition>();
  const faults: string[] = [];
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(config)) {
    const found = readOne(name, value, config, known);
    warnings.push(...found.warnings);
    faults.push(...found.faults);
    if (found.definition) definitions.set(name, found.definition);
  }
  return { definitions, faults, warnings };
}

interface ReadOne {
  readonly definition?: ScopeDefinition;
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

function readOne(
  name: string,
  value: unknown,
  config: JsonObject,
  known: ReadonlyMap<string, ScopeDefinition>,
): ReadOne {
  const at = `custom_scopes: ${JSON.stringify(name)}`;
  if (!NAME.test(name)) {
    return {
      faults: [
        `${at} is not a scope name: it starts with "custom:", then lower-case letters, digits, "-_:*", at least three,` +
          ' the first a letter or digit, the last not "-" or ":"',
      ],
      warnings: [],
    };
  }
  if (!isJsonObject(value)) return { faults: [`${at} must be an object with a description`], warnings: [] };
  const faults: string[] = [];
  if (typeof value['description'] !== 'string') faults.push(`${at} has no description`);
  const subscopes = readSubscopes(at, value['subscopes'], config, known, faults);
  const definition: ScopeDefinition = { description: String(value['description']), subscopes };
  const before = known.get(name);
  if (faults.length === 0 && before && !same(before, definition)) {
    faults.push(`${at} is defined already, and differently`);
  }
  const strangers = Object.keys(value).filter((key) => !KEYS.has(key));
  const warnings = strangers.map((key) => `${at}: unknown key ${JSON.stringify(key)} is ignored`);
  return faults.length > 0 ? { faults, warnings } : { definition, faults, warnings };
}

function readSubscopes(
  at: string,
  value: unknown,
  config: JsonObject,
  known: ReadonlyMap<string, ScopeDefinition>,
  faults: string[],
): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    faults.push(`${at}: subscopes must be a list of scope names`);
    return [];
  }
  for (const subscope of value) {
    if (Object.hasOwn(config, subscope)) continue;
    const why = known.has(subscope)
      ? 'is not one of custom_scopes; a custom scope can imply only those (use a role to combine scopes)'
      : 'is not defined';
    faults.push(`${at}: subscope ${JSON.stringify(subscope)} ${why}`);
  }
  return value;
}

function same(a: ScopeDefinition, b: ScopeDefinition): boolean {
  return a.description === b.description && JSON.stringify(a.subscopes) === JSON.stringify(b.subscopes);
}
