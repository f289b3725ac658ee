/** A configuration as the module that would record the same: `jupyterhub_config.mjs`. */
import type { Variables } from '../python/answer.js';
import type { Sections } from '../recorder.js';
import type { LazyOperation, Setting } from '../tree.js';
import { literal } from './values.js';

const WIDTH = 100;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** A setting that could not be kept; it stands as a comment where it belongs. */
export interface LeftOut {
  readonly section: string;
  readonly comment: readonly string[];
}

export interface Surrounding {
  /** Lines of comment at the top. */
  readonly head: readonly string[];
  /** The same at the bottom. */
  readonly tail?: readonly string[];
  /** Variables of the environment that are set before all else, or taken away. */
  readonly variables?: Variables;
}

export function configModule(
  sections: Sections,
  leftOut: readonly LeftOut[],
  { head, tail = [], variables = {} }: Surrounding,
): string {
  const lines = [...head.map(comment), '', '/** @param {any} c */', 'export default function configure(c) {'];
  const settings = Object.entries(variables).map(variable);
  if (settings.length > 0) lines.push(...settings, '');
  const names = new Set([...sections.keys(), ...leftOut.map(({ section }) => section)]);
  for (const name of names) {
    const own = [...(sections.get(name) ?? [])].flatMap(([trait, settings]) =>
      settings.flatMap((setting) => statements(`c${member(name)}${member(trait)}`, setting)),
    );
    const missing = leftOut
      .filter(({ section }) => section === name)
      .flatMap((each) => each.comment.map((line) => `  ${comment(line)}`));
    if (own.length + missing.length > 0) lines.push(...own, ...missing, '');
  }
  lines.push(...tail.map((line) => `  ${comment(line)}`));
  if (lines.at(-1) === '') lines.pop();
  lines.push('}', '');
  return lines.join('\n');
}

function variable([name, value]: readonly [name: string, value: string | null]): string {
  const target = `process.env[${literal(name)}]`;
  return value === null ? `  delete ${target};` : `  ${target} = ${literal(value)};`;
}

/** One line of comment, whatever the text holds. */
function comment(text: string): string {
  return `// ${text.replaceAll(/[\r\n\u2028\u2029]+/g, ' ')}`.trimEnd();
}

function statements(target: string, setting: Setting): readonly string[] {
  if (setting.kind === 'value') return [`  ${target} = ${source(setting.value, 2)};`];
  if (setting.kind === 'texts') return [`  ${target} = ${source(setting.texts, 2)};`];
  return setting.operations.map((operation) => `  ${target}.${operation.op}(${argumentsOf(operation)});`);
}

function argumentsOf(operation: LazyOperation): string {
  const value = source(operation.value, 2);
  return operation.op === 'insert' ? `${operation.index}, ${value}` : value;
}

function member(name: string): string {
  return IDENTIFIER.test(name) ? `.${name}` : `[${literal(name)}]`;
}

interface Container {
  readonly open: string;
  readonly close: string;
  /** Blank inside the brackets on one line. */
  readonly pad: string;
  readonly items: ReadonlyArray<readonly [key: string, value: unknown]>;
}

/** A value as an expression; a long one over several lines. */
function source(value: unknown, indent: number): string {
  const container = containerOf(value);
  if (!container || container.items.length === 0) return flat(value);
  const line = flat(value);
  if (line.length + indent <= WIDTH) return line;
  const inner = ' '.repeat(indent + 2);
  const items = container.items.map(([key, each]) => `${inner}${key}${source(each, indent + 2)},\n`);
  return `${container.open}\n${items.join('')}${' '.repeat(indent)}${container.close}`;
}

function flat(value: unknown): string {
  const container = containerOf(value);
  if (!container) return atom(value);
  const { open, close, pad, items } = container;
  if (items.length === 0) return open + close;
  return `${open}${pad}${items.map(([key, each]) => key + flat(each)).join(', ')}${pad}${close}`;
}

function atom(value: unknown): string {
  if (value instanceof Uint8Array) {
    return `new Uint8Array(Buffer.from('${Buffer.from(value).toString('base64')}', 'base64'))`;
  }
  return Object.is(value, -0) ? '-0' : literal(value);
}

function containerOf(value: unknown): Container | undefined {
  if (Array.isArray(value)) return { open: '[', close: ']', pad: '', items: value.map((each) => ['', each]) };
  if (value instanceof Set) {
    return { open: 'new Set([', close: '])', pad: '', items: [...value].map((each) => ['', each]) };
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  const items = Object.entries(value).map(([key, each]) => [`${keyText(key)}: `, each] as const);
  return { open: '{', close: '}', pad: ' ', items };
}

/** In brackets, `__proto__` is a key like any other. */
function keyText(key: string): string {
  if (key === '__proto__') return "['__proto__']";
  return IDENTIFIER.test(key) ? key : literal(key);
}
