import recorded from '../../fixtures/kubernetes-schema.json' with { type: 'json' };
import type { Kind } from './kinds.js';
import { apiVersionOf } from './kinds.js';
import { isMap } from './objects.js';
import { badRequest } from './status.js';

type Type = string | { readonly list: Type; readonly keys?: readonly string[] } | { readonly map: Type };
type Definition =
  | string
  | { readonly fields: Readonly<Record<string, Type>>; readonly required?: readonly string[] };
interface Schema {
  readonly kinds: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, Definition>>;
}

function schema(): Schema {
  return recorded as unknown as Schema;
}

/** Faults of an object against the API's own description (test/fixtures/kubernetes-schema.json). */
export interface SchemaFaults {
  /** Paths, as the server's strict decoder names them. */
  readonly unknown: readonly string[];
  /** A value of another type: the decoder stops at the first. */
  readonly wrong: readonly string[];
}

/** @param apiVersion of the manifest, e.g. `v1`; @throws Error when the fixture does not have the kind */
export function faultsOf(apiVersion: string, kind: string, object: unknown): SchemaFaults {
  const name = schema().kinds[`${apiVersion}/${kind}`];
  if (name === undefined) throw new Error(`the schema has no ${apiVersion} ${kind}`);
  const unknown: string[] = [];
  const wrong: string[] = [];
  check(`@${name}`, object, '', { unknown, wrong });
  return { unknown, wrong };
}

/** @throws ApiFailure 400 in the words of a real server */
export function decodeStrictly(kind: Kind, object: unknown, strict: boolean): void {
  const { unknown, wrong } = faultsOf(apiVersionOf(kind), kind.kind, object);
  const words = `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: `;
  if (wrong.length > 0)
    throw badRequest(
      `${words}json: cannot unmarshal ${wrong[0]?.replace('struct field ', `struct field ${kind.kind}.`)}`,
    );
  if (strict && unknown.length > 0)
    throw badRequest(
      `${words}strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`,
    );
}

interface Faults {
  readonly unknown: string[];
  readonly wrong: string[];
}

function check(type: Type, value: unknown, path: string, faults: Faults): void {
  if (value === null || value === undefined) return;
  if (typeof type === 'string') checkNamed(type, value, path, faults);
  else if ('list' in type) {
    if (!Array.isArray(value)) mismatch('array', value, path, faults);
    else for (const [index, inner] of value.entries()) check(type.list, inner, `${path}[${index}]`, faults);
  } else if (!isMap(value)) mismatch('object', value, path, faults);
  else for (const inner of Object.values(value)) check(type.map, inner, path, faults);
}

function checkNamed(type: string, value: unknown, path: string, faults: Faults): void {
  const definition = type.startsWith('@') ? schema().types[type.slice(1)] : type;
  if (definition === undefined) throw new Error(`the schema has no type ${type}`);
  if (typeof definition === 'string')
    scalar(type === '@api.resource.Quantity' ? 'quantity' : definition, value, path, faults);
  else if (!isMap(value)) mismatch('object', value, path, faults);
  else
    for (const [key, inner] of Object.entries(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      const field = definition.fields[key];
      if (field === undefined) faults.unknown.push(at);
      else check(field, inner, at, faults);
    }
}

function scalar(type: string, value: unknown, path: string, faults: Faults): void {
  const is = typeof value;
  const fits =
    type === 'any' ||
    (type === 'object' && isMap(value)) ||
    (['string', 'time', 'bytes'].includes(type) && is === 'string') ||
    (type === 'boolean' && is === 'boolean') ||
    (type === 'integer' && Number.isInteger(value)) ||
    (type === 'number' && is === 'number') ||
    (type === 'int-or-string' && (is === 'string' || Number.isInteger(value))) ||
    (type === 'quantity' && (is === 'number' || (is === 'string' && QUANTITY.test(value as string))));
  if (!fits) mismatch(type, value, path, faults);
}

/** Quantity of apimachinery: sign, digits, and a suffix or an exponent. */
const QUANTITY = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

function mismatch(type: string, value: unknown, path: string, faults: Faults): void {
  const is = Array.isArray(value) ? 'array' : typeof value;
  // Go names the field, without what it is in a list or map
  faults.wrong.push(`${is} into Go struct field ${path.replace(/\[\d+\]/g, '')} of type ${type}`);
}

/** Merge keys of the list at a path such as `spec.containers`, for server-side apply; `undefined`: it is one value. */
export function mergeKeys(
  apiVersion: string,
  kind: string,
  path: readonly string[],
): readonly string[] | undefined {
  let type: Type | undefined = `@${schema().kinds[`${apiVersion}/${kind}`]}`;
  for (const step of path) {
    if (typeof type === 'string') {
      const definition: Definition | undefined = type.startsWith('@')
        ? schema().types[type.slice(1)]
        : undefined;
      type = typeof definition === 'object' ? definition.fields[step] : undefined;
    } else if (type && 'map' in type) type = type.map;
    if (step === '[]' && typeof type === 'object' && 'list' in type) type = type.list;
  }
  return typeof type === 'object' && 'list' in type ? type.keys : undefined;
}
