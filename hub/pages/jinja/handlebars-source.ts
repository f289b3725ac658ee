/**
 * A Handlebars page as Jinja2 source, so that a site's `.html` can extend our pages: every inline partial becomes the
 * block of its name, with what it holds, blocks inside blocks included. There is one text of each page, the `.hbs`.
 *
 * Handlebars' own rules (what is false, how a value is printed) come through the functions of `_hb` (bridge.ts).
 */
import Handlebars from 'handlebars';
import { SyntaxFault } from '../../../core/jinja/parser.js';
import { handlebarsFault } from '../handlebars-fault.js';

type Program = hbs.AST.Program;
type Statement = hbs.AST.Statement;
type Expression = hbs.AST.Expression;

interface Scope {
  /** Variable that `this` is; undefined: the variables of the page. */
  readonly self: string | undefined;
  readonly depth: number;
  /** Name of the inline partial around, whose `@partial-block` is the block's own text. */
  readonly block: string | undefined;
}

/** Loop variables under the names that JupyterHub's blocks use (6.1.1 page.html, token.html). */
const LOOP_NAMES: Readonly<Record<string, string>> = {
  services: 'service',
  api_tokens: 'token',
  oauth_clients: 'client',
};
const HELPERS: ReadonlyMap<string, string> = new Map([
  ['t', '_hb.word'],
  ['or', '_hb.either'],
  ['eq', '_hb.same'],
  ['concat', '_hb.joined'],
  ['static_url', 'static_url'],
]);
const PAGE_SCOPE: Scope = { self: undefined, depth: 0, block: undefined };

/** @throws SyntaxFault for what has no counterpart */
export function jinjaFromHandlebars(source: string): string {
  let program: Program;
  try {
    program = Handlebars.parse(source);
  } catch (error) {
    throw handlebarsFault(error);
  }
  const parent = program.body.find((each): each is hbs.AST.PartialBlockStatement => isExtends(each));
  if (!parent) return body(program, PAGE_SCOPE);
  const name = pathName(parent.name);
  const blocks = parent.program.body.map((each) => (isInline(each) ? inline(each) : ''));
  return `{% extends ${text(name)} %}${blocks.join('')}`;
}

function isExtends(statement: Statement): boolean {
  return (
    statement.type === 'PartialBlockStatement' &&
    pathName((statement as hbs.AST.PartialBlockStatement).name).endsWith('.html')
  );
}

function isInline(statement: Statement): statement is hbs.AST.DecoratorBlock {
  return (
    statement.type === 'DecoratorBlock' && pathName((statement as hbs.AST.DecoratorBlock).path) === 'inline'
  );
}

function inline(statement: hbs.AST.DecoratorBlock): string {
  const [name] = statement.params as readonly (hbs.AST.Expression & { readonly value?: string })[];
  const block = name?.value ?? fail(statement, 'an inline partial has a name');
  return `{% block ${block} %}${body(statement.program, { ...PAGE_SCOPE, block })}{% endblock %}`;
}

function body(program: Program, scope: Scope): string {
  return program.body.map((each) => statement(each, scope)).join('');
}

function statement(node: Statement, scope: Scope): string {
  switch (node.type) {
    case 'ContentStatement':
      // A brace could begin a tag of Jinja2.
      return (node as hbs.AST.ContentStatement).value.replaceAll('{', '{{ "{" }}');
    case 'CommentStatement':
      return '';
    case 'MustacheStatement': {
      const { escaped } = node as hbs.AST.MustacheStatement;
      return `{{ _hb.${escaped ? 'shown' : 'html'}(${expression(node as hbs.AST.MustacheStatement, scope)}) }}`;
    }
    case 'BlockStatement':
      return blockStatement(node as hbs.AST.BlockStatement, scope);
    case 'PartialBlockStatement':
      return slot(node as hbs.AST.PartialBlockStatement, scope);
    case 'PartialStatement':
      return partial(node as hbs.AST.PartialStatement, scope);
    default:
      return fail(node, `${node.type} has no counterpart in Jinja2`);
  }
}

function slot(node: hbs.AST.PartialBlockStatement, scope: Scope): string {
  const name = pathName(node.name);
  if (name.endsWith('.html')) fail(node, 'a page is extended outside of everything else');
  return `{% block ${name} %}${body(node.program, scope)}{% endblock %}`;
}

function partial(node: hbs.AST.PartialStatement, scope: Scope): string {
  const name = pathName(node.name as hbs.AST.PathExpression);
  if (name === '@partial-block')
    return scope.block === undefined
      ? fail(node, '@partial-block stands in no inline partial')
      : '{{ super() }}';
  const values = hash(node.hash, scope).map(([key, value]) => `${key} = ${value}`);
  if (scope.self !== undefined && values.length === 0)
    fail(node, 'a partial inside each or with is given its values by name');
  return `{% with ${values.join(', ')} %}{% include ${text(`partials/${name}`)} %}{% endwith %}`;
}

function blockStatement(node: hbs.AST.BlockStatement, scope: Scope): string {
  const name = pathName(node.path);
  const [subject] = node.params;
  if (!subject || node.params.length > 1) return fail(node, `{{#${name}}} takes one value`);
  if (name === 'if' || name === 'unless') {
    const condition = `${name === 'unless' ? 'not ' : ''}_hb.holds(${expression(subject, scope)})`;
    return `{% if ${condition} %}${body(node.program, scope)}${otherwise(node, scope)}{% endif %}`;
  }
  const self = LOOP_NAMES[pathName(subject as hbs.AST.PathExpression)] ?? `_item${scope.depth}`;
  const inner = { ...scope, self, depth: scope.depth + 1 };
  const value = expression(subject, scope);
  if (name === 'each')
    return `{% for ${self} in _hb.each(${value}) %}${body(node.program, inner)}${otherwise(node, scope)}{% endfor %}`;
  if (name === 'with') return `{% with ${self} = ${value} %}${body(node.program, inner)}{% endwith %}`;
  return fail(node, `{{#${name}}} has no counterpart in Jinja2`);
}

function otherwise(node: hbs.AST.BlockStatement, scope: Scope): string {
  return node.inverse ? `{% else %}${body(node.inverse, scope)}` : '';
}

interface Call {
  readonly path: Expression;
  readonly params: readonly Expression[];
  readonly hash: hbs.AST.Hash | undefined;
}

function expression(node: Expression | hbs.AST.MustacheStatement, scope: Scope): string {
  switch (node.type) {
    case 'StringLiteral':
      return text((node as hbs.AST.StringLiteral).value);
    case 'NumberLiteral':
    case 'BooleanLiteral':
      return String((node as hbs.AST.NumberLiteral).value);
    case 'PathExpression':
      return path(node as hbs.AST.PathExpression, scope);
    case 'SubExpression':
    case 'MustacheStatement':
      return call(node as unknown as Call & Expression, scope);
    default:
      return fail(node, `${node.type} has no counterpart in Jinja2`);
  }
}

function call(node: Call & Expression, scope: Scope): string {
  if (node.path.type !== 'PathExpression') return expression(node.path, scope);
  const name = pathName(node.path);
  if (node.params.length === 0 && !node.hash) return expression(node.path, scope);
  const helper = HELPERS.get(name) ?? fail(node, `there is no helper ${name}`);
  const values = node.params.map((each) => expression(each, scope));
  const named = hash(node.hash, scope).map(([key, value]) => `${text(key)}: ${value}`);
  return `${helper}(${[...values, ...(named.length > 0 ? [`{${named.join(', ')}}`] : [])].join(', ')})`;
}

function hash(node: hbs.AST.Hash | undefined, scope: Scope): readonly (readonly [string, string])[] {
  return (node?.pairs ?? []).map(({ key, value }) => [key, expression(value, scope)] as const);
}

function path(node: hbs.AST.PathExpression, scope: Scope): string {
  if (node.depth > 0) return fail(node, 'write @root.NAME for a variable of the page');
  const [first, ...rest] = node.parts.map(String);
  if (node.data && first === 'root') return member(String(rest[0]), rest.slice(1));
  if (node.data) return dataVariable(node, first);
  if (first === undefined) return scope.self ?? fail(node, 'this is all variables of the page here');
  return scope.self === undefined ? member(first, rest) : member(scope.self, [first, ...rest]);
}

function dataVariable(node: hbs.AST.PathExpression, name: string | undefined): string {
  const known: Readonly<Record<string, string>> = {
    index: 'loop.index0',
    first: 'loop.first',
    last: 'loop.last',
  };
  return known[name ?? ''] ?? fail(node, `@${name} has no counterpart in Jinja2`);
}

/** A member of what may be missing: Handlebars prints nothing, where Jinja2 would fail. */
function member(start: string, names: readonly string[]): string {
  return names.reduce((target, name) => `_hb.member(${target}, ${text(name)})`, start);
}

function pathName(node: Expression | hbs.AST.PathExpression): string {
  return node.type === 'PathExpression'
    ? (node as hbs.AST.PathExpression).original
    : String((node as hbs.AST.StringLiteral).value);
}

/** A text as Jinja2 reads it; nunjucks' reader knows no `\u`. */
function text(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function fail(node: hbs.AST.Node, message: string): never {
  throw new SyntaxFault(message, node.loc.start.line);
}
