/** What the driver says, read back: settings with their places, and what could not be said. Pure. */
import { isJsonObject, type JsonValue } from '../../model/json.js';
import type { Sections } from '../recorder.js';
import type { LazyOperation, Setting } from '../tree.js';

export interface Place {
  readonly file: string | null;
  readonly line: number | null;
}

/** Something of a configuration that cannot be kept. */
export interface PythonFault extends Place {
  readonly kind: string;
  /** Such as `c.KubeSpawner.profile_list[0]["slug"]`. */
  readonly path: string;
  readonly section?: string;
  readonly trait?: string;
  /** Of the function, the class, the missing thing. Never a value. */
  readonly name?: string;
  /** Where the function begins, when it is one of the configuration. */
  readonly defined?: readonly [file: string, line: number] | null;
}

/** What a file raised. */
export interface PythonFailure extends Place {
  readonly type: string;
  readonly message: string;
  /** `file:line` in a module of the user's that the configuration called. */
  readonly inside: string | null;
}

/** Something of a package that is not installed was called. */
export interface VainCall extends Place {
  readonly name: string;
  /** It was given `c`, so it would have made settings. */
  readonly configures: boolean;
}

export interface Answer {
  /** Path and version of the interpreter. */
  readonly python: string;
  readonly sections: Sections;
  readonly faults: readonly PythonFault[];
  readonly failure: PythonFailure | null;
  readonly calls: readonly VainCall[];
  readonly notes: readonly string[];
  readonly variables: Variables;
}

/** Variables of the environment that a configuration set, or took away (`null`). */
export type Variables = Readonly<Record<string, string | null>>;

type Encoded = JsonValue;
type Said = readonly ['value', Encoded] | readonly ['lazy', ReadonlyArray<readonly Encoded[]>];
type RawSetting = readonly [trait: string, file: string | null, line: number | null, said: Said];

interface Raw extends Omit<Answer, 'sections' | 'variables'> {
  readonly variables: ReadonlyArray<readonly [name: string, value: string | null]>;
  readonly sections: ReadonlyArray<readonly [name: string, settings: readonly RawSetting[]]>;
}

/** @throws Error when the text is none of the driver's */
export function readAnswer(text: string): Answer {
  const raw: unknown = JSON.parse(text);
  if (!isJsonObject(raw) || !Array.isArray(raw['sections'])) throw new Error('the answer has no settings');
  const answer = raw as unknown as Raw;
  const sections: Sections = new Map(
    answer.sections.map(([name, settings]) => [name, new Map(settings.map(settingOf))]),
  );
  return { ...answer, sections, variables: Object.fromEntries(answer.variables) };
}

/** `file:line`, as far as known. */
export function placeText({ file, line }: Place): string {
  return line === null ? (file ?? '?') : `${file ?? '?'}:${line}`;
}

function settingOf([trait, file, line, said]: RawSetting): [string, Setting[]] {
  const source = placeText({ file, line });
  const setting: Setting =
    said[0] === 'value'
      ? { kind: 'value', value: decode(said[1]), source }
      : { kind: 'lazy', operations: said[1].map(operationOf), source };
  return [trait, [setting]];
}

function operationOf([op, ...rest]: readonly Encoded[]): LazyOperation {
  if (op === 'insert') return { op, index: Number(rest[0]), value: decode(rest[1]) };
  if (op === 'prepend' || op === 'extend' || op === 'update') return { op, value: decode(rest[0]) };
  throw new Error(`${String(op)} is no operation`);
}

function decode(encoded: Encoded | undefined): unknown {
  if (!Array.isArray(encoded)) return encoded;
  const [kind, ...rest] = encoded as readonly Encoded[];
  switch (kind) {
    case 'list':
    case 'tuple':
      return rest.map(decode);
    case 'set':
      return new Set(rest.map(decode));
    case 'dict':
      return Object.fromEntries((rest as [string, Encoded][]).map(([key, value]) => [key, decode(value)]));
    case 'bytes':
      return new Uint8Array(Buffer.from(String(rest[0]), 'base64'));
    case 'float':
      return { inf: Infinity, '-inf': -Infinity }[String(rest[0])] ?? Number.NaN;
    default:
      throw new Error(`${String(kind)} is no kind of value`);
  }
}
