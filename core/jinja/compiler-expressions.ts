/**
 * nunjucks' compiler with Jinja2's rules for expressions: an empty list is false, `None` is a value, attributes and calls
 * are Python's, `super()` runs where it stands. The code that it makes calls `env.python` (machine.ts).
 */
import type { Compiler, Frame, ListNode, Nunjucks, SyntaxNode } from './nunjucks.js';

export type Fields<Name extends string> = SyntaxNode & Readonly<Record<Name, SyntaxNode>>;
type BinaryNode = Fields<'left' | 'right'>;

/** A text as JavaScript reads it. */
export const quote = (text: unknown): string => JSON.stringify(String(text));

export interface ExpressionCompiler extends Compiler {
  /** Name of the block that is being compiled; undefined in what stands outside of all. */
  block: string | undefined;
  /** Emits `before A, B after`. */
  wrapped(before: string, parts: readonly SyntaxNode[], frame: Frame, after?: string): void;
}

export function expressionCompiler({ compiler }: Nunjucks): new (path: string) => ExpressionCompiler {
  return class extends compiler.Compiler implements ExpressionCompiler {
    block: string | undefined;

    compileSymbol(node: SyntaxNode): void {
      const constant = CONSTANTS.get(String(node['value']));
      this._emit(constant ?? `env.python.lookup(context, frame, ${quote(node['value'])})`);
    }

    compileGroup(node: ListNode, frame: Frame): void {
      const [only] = node.children;
      if (node.children.length === 1 && only) this.wrapped('(', [only], frame);
      else this.wrapped('[', node.children, frame, ']');
    }

    wrapped(before: string, parts: readonly SyntaxNode[], frame: Frame, after = ')'): void {
      this._emit(before);
      for (const [index, part] of parts.entries()) {
        if (index > 0) this._emit(', ');
        this.compile(part, frame);
      }
      this._emit(after);
    }

    compileDict(node: ListNode, frame: Frame): void {
      this._emit('{');
      for (const pair of node.children as readonly Fields<'key' | 'value'>[]) {
        this.wrapped('[', [pair.key], frame, ']: ');
        this.wrapped('(', [pair.value], frame, '), ');
      }
      this._emit('}');
    }

    /** Names of keywords are names, not variables. */
    compileKeywordArgs(node: ListNode, frame: Frame): void {
      this._emit('{');
      for (const pair of node.children as readonly Fields<'key' | 'value'>[]) {
        this._emit(`${quote(pair.key['value'])}: (`);
        this.compile(pair.value, frame);
        this._emit('), ');
      }
      this._emit('}');
    }

    #arguments(given: readonly SyntaxNode[], frame: Frame): void {
      const keywords = given.at(-1)?.typename === 'KeywordArgs' ? given.at(-1) : undefined;
      this.wrapped('[', keywords ? given.slice(0, -1) : given, frame, '], ');
      if (keywords) this.compileKeywordArgs(keywords as ListNode, frame);
      else this._emit('{}');
    }

    compileFunCall(node: Fields<'name'> & { readonly args: ListNode }, frame: Frame): void {
      const { name } = node;
      this._emit(`(lineno = ${node.lineno}, `);
      if (name['value'] === 'super' && this.block !== undefined) {
        this._emit(
          `env.python.parentBlock(${quote(this.block)}, b_${this.block}, env, context, frame, runtime))`,
        );
      } else if (name.typename === 'LookupVal' && (name as Fields<'target'>).target['value'] === 'self') {
        const block = quote((name as Fields<'val'>).val['value']);
        this._emit(`env.python.block(context.getBlock(${block}), env, context, frame, runtime))`);
      } else {
        this.wrapped(`env.python.call(${quote(spoken(name))}, `, [name], frame, ', ');
        this.#arguments(node.args.children, frame);
        this._emit('))');
      }
    }

    compileFilter(node: Fields<'name'> & { readonly args: ListNode }, frame: Frame): void {
      this._emit(`env.python.filter(${quote(node.name['value'])}, `);
      this.#arguments(node.args.children, frame);
      this._emit(')');
    }

    compileIs(node: BinaryNode, frame: Frame): void {
      const { left, right } = node;
      const called = right.typename === 'FunCall' ? (right as Fields<'name' | 'args'>) : undefined;
      const name = called ? called.name['value'] : testName(right['value']);
      const given = called ? (called.args as ListNode).children : [];
      this.wrapped(`env.python.test(${quote(name)}, `, [left, ...given], frame);
    }

    compileLookupVal(node: Fields<'target' | 'val'>, frame: Frame): void {
      const { target, val } = node;
      if (val.typename === 'Slice') {
        const parts = ['start', 'stop', 'step'].map((part) => (val[part] as SyntaxNode | null) ?? NOTHING);
        this.wrapped('env.python.slice(', [target, ...parts], frame);
      } else this.wrapped(`env.python.${node['dotted'] ? 'attribute' : 'item'}(`, [target, val], frame);
    }

    compileInlineIf(node: Fields<'cond' | 'body' | 'else_'>, frame: Frame): void {
      this.wrapped('(env.python.truth(', [node.cond], frame, ') ? ');
      this.compile(node.body, frame);
      this._emit(' : ');
      if (node.else_) this.compile(node.else_, frame);
      else this._emit('undefined');
      this._emit(')');
    }

    /** `a or b` is one of the two, as in Python, and b is not asked when a decides. */
    compileOr({ left, right }: BinaryNode, frame: Frame): void {
      this.wrapped('((left) => env.python.truth(left) ? left : ', [right], frame);
      this.wrapped('(', [left], frame);
    }

    compileAnd({ left, right }: BinaryNode, frame: Frame): void {
      this.wrapped('((left) => !env.python.truth(left) ? left : ', [right], frame);
      this.wrapped('(', [left], frame);
    }

    compileNot(node: Fields<'target'>, frame: Frame): void {
      this.wrapped('!env.python.truth(', [node.target], frame);
    }

    compileIn(node: BinaryNode, frame: Frame): void {
      this.wrapped('env.python.contains(', [node.right, node.left], frame);
    }

    compileConcat(node: BinaryNode, frame: Frame): void {
      this.wrapped('env.python.concat([', [node.left, node.right], frame, '])');
    }

    compileCompare(
      node: Fields<'expr'> & { readonly ops: readonly (Fields<'expr'> & { readonly type: string })[] },
      frame: Frame,
    ): void {
      const operators = JSON.stringify(node.ops.map(({ type }) => type));
      this.wrapped(
        `env.python.compare(${operators}, [`,
        [node.expr, ...node.ops.map(({ expr }) => expr)],
        frame,
        '])',
      );
    }

    #binary(operator: string, node: BinaryNode, frame: Frame): void {
      this.wrapped(`env.python.binary(${quote(operator)}, `, [node.left, node.right], frame);
    }

    compileAdd(node: BinaryNode, frame: Frame): void {
      this.#binary('+', node, frame);
    }

    compileSub(node: BinaryNode, frame: Frame): void {
      this.#binary('-', node, frame);
    }

    compileMul(node: BinaryNode, frame: Frame): void {
      this.#binary('*', node, frame);
    }

    compileDiv(node: BinaryNode, frame: Frame): void {
      this.#binary('/', node, frame);
    }

    compileFloorDiv(node: BinaryNode, frame: Frame): void {
      this.#binary('//', node, frame);
    }

    compileMod(node: BinaryNode, frame: Frame): void {
      this.#binary('%', node, frame);
    }

    compilePow(node: BinaryNode, frame: Frame): void {
      this.#binary('**', node, frame);
    }

    compileNeg(node: Fields<'target'>, frame: Frame): void {
      this.wrapped('-env.python.number("-", ', [node.target], frame);
    }

    compilePos(node: Fields<'target'>, frame: Frame): void {
      this.wrapped('env.python.number("+", ', [node.target], frame);
    }
  };
}

const CONSTANTS: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);
const NOTHING: SyntaxNode = { typename: 'Literal', lineno: 0, colno: 0, fields: [], value: null };

/** The name of a test, of which `none`, `true` and `false` were read as values. */
export function testName(value: unknown): string {
  return value === null ? 'none' : String(value);
}

/** What a call is called in a message: `user.name.upper`. */
export function spoken(node: SyntaxNode): string {
  if (node.typename === 'Symbol') return String(node['value']);
  if (node.typename !== 'LookupVal') return 'the value';
  const { target, val } = node as Fields<'target' | 'val'>;
  return `${spoken(target)}.${String(val['value'])}`;
}
