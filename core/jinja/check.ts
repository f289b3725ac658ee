/**
 * What can be said of a template before any page is asked for: filters, tests, calls and parents that are not there.
 * Knows the tree only; the engine adds file names.
 */
import { spoken, testName } from './compiler-expressions.js';
import { FILTERS_NOT_HERE } from './filters.js';
import { METHOD_NAMES, NOT_HERE } from './methods.js';
import type { ListNode, SyntaxNode } from './nunjucks.js';
import { callFault, type Signature } from './signature.js';
import type { TemplateTest } from './tests.js';

/** Line from 1. */
interface TemplateFault {
  readonly line: number;
  readonly message: string;
}

export interface Reference {
  readonly kind: 'Extends' | 'Include' | 'Import' | 'FromImport';
  readonly names: readonly string[];
  readonly line: number;
  /** `ignore missing` */
  readonly optional: boolean;
}

export interface Known {
  readonly filters: ReadonlyMap<string, Signature>;
  readonly tests: ReadonlyMap<string, TemplateTest>;
  /** Functions by name, with the names of their parameters. */
  readonly functions: ReadonlyMap<string, readonly string[]>;
  /** Variables and attributes (`user.spawner`) of JupyterHub that are not here, and what to write instead. */
  readonly absent: Readonly<Record<string, string>>;
}

export interface Checked {
  readonly faults: readonly TemplateFault[];
  readonly references: readonly Reference[];
}

export function checkTemplate(tree: ListNode, known: Known): Checked {
  const faults: TemplateFault[] = [];
  const references: Reference[] = [];
  const blocks = new Set<string>();
  const own = new Set<string>();
  walk(tree, (node) => {
    for (const name of namesOf(node)) own.add(name);
  });
  const say = (node: SyntaxNode, message: string | undefined) => {
    if (message !== undefined) faults.push({ line: node.lineno + 1, message });
  };

  walk(tree, (node, above) => {
    if (node.typename === 'Filter') say(node, filterFault(node, known));
    else if (node.typename === 'FunCall') say(node, callFaultOf(node, above, known, own));
    else if (node.typename === 'Is') say(node, testFault(node, known));
    else if (node.typename === 'Symbol') say(node, nameFault(node, above, known, own));
    else if (node.typename === 'LookupVal') say(node, attributeFault(node, known, own));
    else if (node.typename === 'CompareOperand' && String(node['type']).length === 3)
      say(node, `"${String(node['type'])}" is JavaScript; write ${String(node['type']).slice(0, 2)}`);
    else if (node.typename === 'Block') {
      const name = String((node['name'] as SyntaxNode)['value']);
      if (blocks.has(name))
        say(node, `the block ${name} stands here a second time; write {{ self.${name}() }}`);
      blocks.add(name);
    } else if (isReference(node)) references.push(referenceOf(node));
  });
  return { faults, references };
}

type Visit = (node: SyntaxNode, above: readonly SyntaxNode[]) => void;

function walk(node: unknown, visit: Visit, above: readonly SyntaxNode[] = []): void {
  if (Array.isArray(node)) {
    for (const each of node) walk(each, visit, above);
    return;
  }
  if (typeof node !== 'object' || node === null || !('typename' in node)) return;
  const current = node as SyntaxNode;
  visit(current, above);
  // The text of {% set %}…{% endset %} is in no field of nunjucks' node.
  for (const field of new Set([...current.fields, 'body'])) walk(current[field], visit, [...above, current]);
}

/** Names that a template gives values to, wherever. */
function namesOf(node: SyntaxNode): readonly string[] {
  const targets: readonly unknown[] =
    {
      For: [node['name']],
      Set: [node['targets']],
      With: [node['names']],
      Macro: [node['name'], node['args']],
      Caller: [node['args']],
      Import: [node['target']],
      FromImport: [node['names']],
    }[node.typename] ?? [];
  const names: string[] = [];
  for (const target of targets) {
    walk(target, (each, above) => {
      const isDefault =
        above.some(({ typename }) => typename === 'Pair') &&
        node.typename !== 'FromImport' &&
        above.at(-1)?.['key'] !== each;
      if (each.typename === 'Symbol' && !isDefault) names.push(String(each['value']));
    });
  }
  return names;
}

function argumentsOf(given: readonly SyntaxNode[]): {
  readonly positional: number;
  readonly keywords: readonly string[];
} {
  const last = given.at(-1);
  if (last?.typename !== 'KeywordArgs') return { positional: given.length, keywords: [] };
  const keywords = (last as ListNode).children.map((pair) => String((pair['key'] as SyntaxNode)['value']));
  return { positional: given.length - 1, keywords };
}

function filterFault(node: SyntaxNode, { filters }: Known): string | undefined {
  const name = String((node['name'] as SyntaxNode)['value']);
  const signature = filters.get(name);
  if (!signature) {
    const instead = Object.hasOwn(FILTERS_NOT_HERE, name) ? FILTERS_NOT_HERE[name] : undefined;
    return instead ? `the filter "${name}" is not available; ${instead}` : `Jinja2 has no filter "${name}"`;
  }
  const { positional, keywords } = argumentsOf((node['args'] as ListNode).children);
  const fault = callFault(signature.parameters, positional - 1, keywords);
  return fault && `the filter "${name}" ${fault}`;
}

function testFault(node: SyntaxNode, { tests }: Known): string | undefined {
  const right = node['right'] as SyntaxNode;
  const called = right.typename === 'FunCall';
  const name = testName(called ? (right['name'] as SyntaxNode)['value'] : right['value']);
  const test = tests.get(name);
  if (!test) return `there is no test "${name}"`;
  const given = called ? argumentsOf((right['args'] as ListNode).children).positional : 0;
  return given === test.parameters.length
    ? undefined
    : `the test "${name}" takes ${test.parameters.length} value(s), in parentheses`;
}

function callFaultOf(
  node: SyntaxNode,
  above: readonly SyntaxNode[],
  known: Known,
  own: ReadonlySet<string>,
): string | undefined {
  if (above.at(-1)?.typename === 'Is') return undefined;
  const callee = node['name'] as SyntaxNode;
  const { positional, keywords } = argumentsOf((node['args'] as ListNode).children);
  if (callee.typename === 'Symbol') {
    const name = String(callee['value']);
    if (name === 'super') {
      if (positional + keywords.length > 0) return 'super() takes nothing';
      return above.some(({ typename }) => typename === 'Block')
        ? undefined
        : 'super() stands outside of any block';
    }
    const parameters = known.functions.get(name);
    if (own.has(name) || !parameters) return undefined;
    const fault = callFault(parameters, positional, keywords);
    return fault && `${name} ${fault}`;
  }
  if (callee.typename !== 'LookupVal') return undefined;
  const target = callee['target'] as SyntaxNode;
  const name = String((callee['val'] as SyntaxNode)['value']);
  if (target['value'] === 'super')
    return 'super.super() is not available; extend the template whose block you want';
  if (own.has(String(target['value'])) || !callee['dotted']) return undefined;
  if (Object.hasOwn(NOT_HERE, name)) return `.${name}() is not available; ${NOT_HERE[name]}`;
  if (keywords.length === 0 || keywords.includes('caller')) return undefined;
  const methods = METHOD_NAMES.get(name) ?? [];
  const shapes = methods.map(({ parameters }) => callFault(parameters, positional, keywords));
  if (shapes.includes(undefined)) return undefined;
  return `${spoken(callee)} ${shapes[0] ?? 'takes no keyword arguments; give its values in order'}`;
}

function nameFault(
  node: SyntaxNode,
  above: readonly SyntaxNode[],
  { absent }: Known,
  own: ReadonlySet<string>,
): string | undefined {
  const name = String(node['value']);
  const parent = above.at(-1);
  const isKeyword =
    parent?.typename === 'Pair' && parent['key'] === node && above.at(-2)?.typename === 'KeywordArgs';
  const isRight = parent?.typename === 'Is' && parent['right'] === node;
  const isName = parent?.['name'] === node && parent.typename !== 'FunCall';
  if (own.has(name) || isKeyword || isRight || isName || !Object.hasOwn(absent, name)) return undefined;
  return `${name} is not available; ${absent[name]}`;
}

function attributeFault(node: SyntaxNode, { absent }: Known, own: ReadonlySet<string>): string | undefined {
  const { target, val } = node as unknown as { target: SyntaxNode; val: SyntaxNode };
  const name = `${String(target['value'])}.${String(val['value'])}`;
  if (target.typename !== 'Symbol' || own.has(String(target['value'])) || !Object.hasOwn(absent, name))
    return undefined;
  return `${name} is not available; ${absent[name]}`;
}

function isReference(node: SyntaxNode): boolean {
  return ['Extends', 'Include', 'Import', 'FromImport'].includes(node.typename);
}

/** Names written as texts; a name that is worked out is looked up when the page is made. */
function referenceOf(node: SyntaxNode): Reference {
  const template = node['template'] as SyntaxNode;
  const written = template.typename === 'Array' ? (template as ListNode).children : [template];
  return {
    kind: node.typename as Reference['kind'],
    names:
      written.every(({ value }) => typeof value === 'string') &&
      written.every(({ typename }) => typename === 'Literal')
        ? written.map(({ value }) => String(value))
        : [],
    line: node.lineno + 1,
    optional: node['ignoreMissing'] === true,
  };
}
