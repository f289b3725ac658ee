/**
 * nunjucks 3.2.4 as this folder uses it. Owns: loading it at the first use (most sites have no Jinja template), and the
 * types of its parser, compiler and environment, which it does not ship.
 */
import { createRequire } from 'node:module';

/** A node of nunjucks' syntax tree; lines and columns from 0. */
export interface SyntaxNode {
  readonly typename: string;
  readonly lineno: number;
  readonly colno: number;
  /** Names of the properties that hold what is below it. */
  readonly fields: readonly string[];
  readonly [field: string]: unknown;
}

export interface ListNode extends SyntaxNode {
  readonly children: readonly SyntaxNode[];
}

interface Token {
  readonly type: string;
  readonly value: string;
  readonly lineno: number;
  readonly colno: number;
}

interface NodeClass {
  new (lineno: number, colno: number, ...fields: unknown[]): SyntaxNode & Record<string, unknown>;
  extend(name: string, members: { readonly fields: readonly string[] }): NodeClass;
}

interface Parser {
  peekToken(): Token | null;
  nextToken(): Token | null;
  skip(type: string): boolean;
  skipSymbol(name: string): boolean;
  skipValue(type: string, value: string): boolean;
  fail(message: string, lineno?: number, colno?: number): never;
  advanceAfterBlockEnd(name?: string): Token;
  parseUntilBlocks(...names: string[]): ListNode;
  parseExpression(): SyntaxNode;
  parsePrimary(noPostfix?: boolean): SyntaxNode;
  parseSignature(tolerant?: boolean, noParens?: boolean): ListNode;
  parseWithContext(): boolean | null;
  parsePostfix(node: SyntaxNode): SyntaxNode;
  parseStatement(): SyntaxNode | null;
  parseBlock(): SyntaxNode;
  parseInclude(): SyntaxNode;
  parseInlineIf(): SyntaxNode;
  parseOr(): SyntaxNode;
  parseAggregate(): SyntaxNode | null;
  parseFilterArgs(node: SyntaxNode): readonly SyntaxNode[];
  parseAsRoot(): ListNode;
}

/** Names in scope while a template is compiled, and while it runs. */
export interface Frame {
  readonly topLevel: boolean;
  lookup(name: string): unknown;
  set(name: string, value: unknown, resolveUp?: boolean): void;
  push(isolateWrites?: boolean): Frame;
  pop(): Frame;
}

export interface Compiler {
  templateName: string;
  buffer: string | null;
  inBlock: boolean;
  compile(node: SyntaxNode, frame?: Frame): void;
  compileLiteral(node: SyntaxNode): void;
  getCode(): string;
  _emit(code: string): void;
  _emitLine(code: string): void;
  _emitFuncBegin(node: SyntaxNode, name: string): void;
  _emitFuncEnd(noReturn?: boolean): void;
  _closeScopeLevels(): void;
  _withScopedSyntax(compile: () => void): void;
  _tmpid(): string;
  _compileMacro(node: SyntaxNode, frame?: Frame): string;
}

export type Callback = (error: unknown, result?: unknown) => void;
export type BlockFunction = (
  env: Environment,
  context: Context,
  frame: Frame,
  runtime: unknown,
  callback: Callback,
) => void;

export interface Context {
  lookup(name: string): unknown;
  getVariables(): Readonly<Record<string, unknown>>;
  getSuper(
    env: Environment,
    name: string,
    block: BlockFunction,
    frame: Frame,
    runtime: unknown,
    callback: Callback,
  ): void;
}

interface Template {
  render(variables: Readonly<Record<string, unknown>>, frame: Frame, callback: Callback): void;
  getExported(variables: Readonly<Record<string, unknown>>, frame: Frame | null, callback: Callback): void;
}

export interface Environment {
  getTemplate(name: string, eagerCompile?: boolean): Template;
  render(name: string, variables: Readonly<Record<string, unknown>>): string;
}

interface LoadedSource {
  readonly src: { readonly type: 'code'; readonly obj: Readonly<Record<string, unknown>> };
  readonly path: string;
  readonly noCache: boolean;
}

export interface Nunjucks {
  readonly Environment: new (
    loaders: readonly { getSource(name: string): LoadedSource | null }[],
    options: { readonly autoescape: boolean; readonly dev: boolean },
  ) => Environment;
  readonly parser: { readonly Parser: new (tokens: unknown) => Parser };
  readonly lexer: {
    lex(source: string, options: { readonly trimBlocks: boolean; readonly lstripBlocks: boolean }): unknown;
  };
  readonly compiler: { readonly Compiler: new (name: string) => Compiler };
  readonly nodes: Readonly<
    Record<
      | 'Node'
      | 'NodeList'
      | 'Array'
      | 'Block'
      | 'Dict'
      | 'FunCall'
      | 'Group'
      | 'Include'
      | 'InlineIf'
      | 'Literal'
      | 'LookupVal'
      | 'Pair',
      NodeClass
    >
  >;
  readonly runtime: { readonly SafeString: new (text: string) => SafeText };
}

/** Text that is HTML already and is not escaped again, as markupsafe's `Markup`. */
export interface SafeText {
  readonly length: number;
  toString(): string;
}

export function loadNunjucks(): Nunjucks {
  const require = createRequire(import.meta.url);
  return require('nunjucks') as Nunjucks;
}
