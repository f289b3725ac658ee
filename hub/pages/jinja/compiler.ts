/**
 * nunjucks' compiler with Jinja2's rules: an empty list is false, `None` is printed, `{% set %}` stays in its loop,
 * `super()` runs where it stands, and an error knows its line. The code it makes calls `env.python` (machine.ts).
 */
import type { Compiler, Frame, ListNode, Nunjucks, SyntaxNode } from './nunjucks.js';

type Fields<Name extends string> = SyntaxNode & Readonly<Record<Name, SyntaxNode>>;
type BinaryNode = Fields<'left' | 'right'>;

const quote = (text: unknown): string => JSON.stringify(String(text));

export function jinjaCompiler({ compiler }: Nunjucks): new (path: string) => Compiler {
  class JinjaCompiler extends compiler.Compiler {
    /** Name of the block that is being compiled; undefined in what stands outside of all. */
    block: string | undefined;

    override _emitFuncBegin(node: SyntaxNode, name: string): void {
      this.block = name === 'root' ? undefined : name.slice('b_'.length);
      super._emitFuncBegin(node, name);
    }

    override _emitFuncEnd(noReturn?: boolean): void {
      if (!noReturn) this._emitLine(`cb(null, ${this.buffer});`);
      this._closeScopeLevels();
      this._emitLine(`} catch (e) { cb(env.python.located(e, ${quote(this.templateName)}, lineno)); } }`);
      this.buffer = null;
    }

    compileOutput(node: ListNode, frame: Frame): void {
      for (const child of node.children) {
        if (child.typename === 'TemplateData') {
          this._emit(`${this.buffer} += `);
          this.compileLiteral(child);
          this._emitLine(';');
        } else this.#statement(child, `${this.buffer} += env.python.print(`, child, frame, ');');
      }
    }

    /** One line of code that knows its line: `before VALUE after`. */
    #statement(at: SyntaxNode, before: string, value: SyntaxNode, frame: Frame, after: string): void {
      this._emit(`lineno = ${at.lineno}; ${before}`);
      this.compile(value, frame);
      this._emitLine(after);
    }

    compileIf(node: Fields<'cond' | 'body' | 'else_'>, frame: Frame): void {
      this.#statement(node, 'if (env.python.truth(', node.cond, frame, ')) {');
      this._withScopedSyntax(() => this.compile(node.body, frame));
      if (node.else_) {
        this._emitLine('} else {');
        this._withScopedSyntax(() => this.compile(node.else_, frame));
      }
      this._emitLine('}');
    }

    compileFor(node: Fields<'arr' | 'name' | 'body' | 'else_'>, frame: Frame): void {
      const [items, index, seen] = [this._tmpid(), this._tmpid(), this._tmpid()];
      // `for x in xs if y` reads as an expression without an else.
      const filtered =
        node.arr.typename === 'InlineIf' && !node.arr['else_']
          ? (node.arr as Fields<'body' | 'cond'>)
          : undefined;
      const inner = frame.push();
      this._emitLine('frame = frame.push();');
      this.#statement(node, `var ${items} = env.python.iterate(`, filtered?.body ?? node.arr, inner, ');');
      if (filtered) {
        this._emitLine(`${items} = ${items}.filter(function (item) { frame = frame.push();`);
        this.#bindNames(node.name, 'item');
        this.#statement(node, 'var kept = env.python.truth(', filtered.cond, inner, ');');
        this._emitLine('frame = frame.pop(); return kept; });');
      }
      this._emitLine(`var ${seen} = {};`);
      this._emitLine(
        `for (var ${index} = 0; ${index} < ${items}.length; ${index}++) { frame = frame.push();`,
      );
      this._emitLine('env.python.step();');
      this._emitLine(`frame.set("loop", env.python.loopState(${items}, ${index}, ${seen}));`);
      this.#bindNames(node.name, `${items}[${index}]`);
      this._withScopedSyntax(() => this.compile(node.body, inner));
      this._emitLine('frame = frame.pop(); }');
      if (node.else_) {
        this._emitLine(`if (${items}.length === 0) {`);
        this._withScopedSyntax(() => this.compile(node.else_, inner));
        this._emitLine('}');
      }
      this._emitLine('frame = frame.pop();');
    }

    #bindNames(names: SyntaxNode, value: string): void {
      if (names.typename !== 'Array') {
        this._emitLine(`frame.set(${quote(names['value'])}, ${value});`);
        return;
      }
      const list = this._tmpid();
      const { children } = names as ListNode;
      this._emitLine(`var ${list} = env.python.unpack(${value}, ${children.length});`);
      for (const [index, name] of children.entries())
        this._emitLine(`frame.set(${quote(name['value'])}, ${list}[${index}]);`);
    }

    compileSet(
      node: SyntaxNode & {
        readonly targets: readonly SyntaxNode[];
        readonly value: SyntaxNode;
        readonly body: SyntaxNode;
      },
      frame: Frame,
    ): void {
      const value = this._tmpid();
      this.#statement(node, `var ${value} = `, node.value ?? node.body, frame, ';');
      const [first] = node.targets;
      const values =
        node.targets.length > 1 ? `env.python.unpack(${value}, ${node.targets.length})` : `[${value}]`;
      if (first?.typename === 'LookupVal') {
        const { target, val } = first as Fields<'target' | 'val'>;
        this.#statement(node, 'env.python.assign(', target, frame, `, ${quote(val['value'])}, ${value});`);
        return;
      }
      this._emitLine(`${value} = ${values};`);
      for (const [index, { value: name }] of node.targets.entries()) {
        this._emitLine(`frame.set(${quote(name)}, ${value}[${index}]);`);
        this.#publish(String(name), `${value}[${index}]`);
      }
    }

    /** A name set outside of all blocks is seen by them, and can be imported. */
    #publish(name: string, value: string): void {
      const exported = name.startsWith('_') ? '' : `context.addExport(${quote(name)});`;
      this._emitLine(`if (frame.topLevel) { context.setVariable(${quote(name)}, ${value}); ${exported} }`);
    }

    compileWith(
      node: SyntaxNode & { readonly names: ListNode; readonly values: ListNode; readonly body: SyntaxNode },
      frame: Frame,
    ): void {
      const ids = node.values.children.map((value) => {
        const id = this._tmpid();
        this.#statement(node, `var ${id} = `, value, frame, ';');
        return id;
      });
      this._emitLine('frame = frame.push();');
      for (const [index, name] of node.names.children.entries())
        this._emitLine(`frame.set(${quote(name['value'])}, ${ids[index]});`);
      this._withScopedSyntax(() => this.compile(node.body, frame.push()));
      this._emitLine('frame = frame.pop();');
    }

    compileCapture(node: Fields<'body'>, frame: Frame): void {
      const { buffer } = this;
      this.buffer = 'output';
      this._emitLine('(function() { var output = "";');
      this._withScopedSyntax(() => this.compile(node.body, frame));
      this._emitLine('return env.python.safe(output); })()');
      this.buffer = buffer;
    }

    compileBlock(node: Fields<'name'>): void {
      const name = quote(node.name['value']);
      // Outside of all blocks, a template that extends another only hands its blocks over.
      const unless = this.inBlock ? '' : 'if (!parentTemplate) ';
      this._emitLine(
        `${unless}${this.buffer} += env.python.block(context.getBlock(${name}), env, context, frame, runtime);`,
      );
    }

    compileExtends(node: Fields<'template'>, frame: Frame): void {
      this.#statement(node, 'parentTemplate = env.python.parent(env, ', node.template, frame, ');');
      this._emitLine(
        'for (var name in parentTemplate.blocks) context.addBlock(name, parentTemplate.blocks[name]);',
      );
    }

    compileInclude(node: Fields<'template'>, frame: Frame): void {
      const handed = node['withContext'] ? 'context.getVariables(), frame' : '{}, new runtime.Frame()';
      const after = `, ${Boolean(node['ignoreMissing'])}, ${handed});`;
      this.#statement(node, `${this.buffer} += env.python.included(env, `, node.template, frame, after);
    }

    compileImport(node: Fields<'template' | 'target'>, frame: Frame): void {
      const module = this.#module(node, frame);
      const name = String(node.target['value']);
      this._emitLine(`frame.set(${quote(name)}, ${module});`);
      this.#publish(name, module);
    }

    compileFromImport(node: Fields<'template'> & { readonly names: ListNode }, frame: Frame): void {
      const module = this.#module(node, frame);
      for (const each of node.names.children) {
        const pair =
          each.typename === 'Pair' ? (each as Fields<'key' | 'value'>) : { key: each, value: each };
        const [name, alias] = [pair.key['value'], pair.value['value']];
        const member = `env.python.member(${module}, ${quote(name)})`;
        this._emitLine(`frame.set(${quote(alias)}, ${member});`);
        this.#publish(String(alias), member);
      }
    }

    #module(node: Fields<'template'>, frame: Frame): string {
      const id = this._tmpid();
      const handed = node['withContext'] ? 'context.getVariables(), frame' : '{}, null';
      this.#statement(node, `var ${id} = env.python.imported(env, `, node.template, frame, `, ${handed});`);
      return id;
    }

    override _compileMacro(node: SyntaxNode, frame?: Frame): string {
      const id = super._compileMacro(node, frame);
      this._emitLine(`env.python.macro(${id});`);
      return id;
    }

    compileMacro(node: Fields<'name'>): void {
      const id = this._compileMacro(node);
      const name = String(node.name['value']);
      this._emitLine(`frame.set(${quote(name)}, ${id});`);
      this.#publish(name, id);
    }

    compileSymbol(node: SyntaxNode): void {
      const constant = CONSTANTS.get(String(node['value']));
      this._emit(constant ?? `env.python.lookup(context, frame, ${quote(node['value'])})`);
    }

    compileGroup(node: ListNode, frame: Frame): void {
      const [only] = node.children;
      if (node.children.length === 1 && only) this.#wrapped('(', [only], frame);
      else this.#wrapped('[', node.children, frame, ']');
    }

    /** `before A, B after` */
    #wrapped(before: string, parts: readonly SyntaxNode[], frame: Frame, after = ')'): void {
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
        this.#wrapped('[', [pair.key], frame, ']: ');
        this.#wrapped('(', [pair.value], frame, '), ');
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
      this.#wrapped('[', keywords ? given.slice(0, -1) : given, frame, '], ');
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
        this.#wrapped(`env.python.call(${quote(spoken(name))}, `, [name], frame, ', ');
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
      this.#wrapped(`env.python.test(${quote(name)}, `, [left, ...given], frame);
    }

    compileLookupVal(node: Fields<'target' | 'val'>, frame: Frame): void {
      const { target, val } = node;
      if (val.typename === 'Slice') {
        const parts = ['start', 'stop', 'step'].map((part) => (val[part] as SyntaxNode | null) ?? NOTHING);
        this.#wrapped('env.python.slice(', [target, ...parts], frame);
      } else this.#wrapped(`env.python.${node['dotted'] ? 'attribute' : 'item'}(`, [target, val], frame);
    }

    compileInlineIf(node: Fields<'cond' | 'body' | 'else_'>, frame: Frame): void {
      this.#wrapped('(env.python.truth(', [node.cond], frame, ') ? ');
      this.compile(node.body, frame);
      this._emit(' : ');
      if (node.else_) this.compile(node.else_, frame);
      else this._emit('undefined');
      this._emit(')');
    }

    /** `a or b` is one of the two, as in Python, and b is not asked when a decides. */
    compileOr({ left, right }: BinaryNode, frame: Frame): void {
      this.#wrapped('((left) => env.python.truth(left) ? left : ', [right], frame);
      this.#wrapped('(', [left], frame);
    }

    compileAnd({ left, right }: BinaryNode, frame: Frame): void {
      this.#wrapped('((left) => !env.python.truth(left) ? left : ', [right], frame);
      this.#wrapped('(', [left], frame);
    }

    compileNot(node: Fields<'target'>, frame: Frame): void {
      this.#wrapped('!env.python.truth(', [node.target], frame);
    }

    compileIn(node: BinaryNode, frame: Frame): void {
      this.#wrapped('env.python.contains(', [node.right, node.left], frame);
    }

    compileConcat(node: BinaryNode, frame: Frame): void {
      this.#wrapped('env.python.concat([', [node.left, node.right], frame, '])');
    }

    compileCompare(
      node: Fields<'expr'> & { readonly ops: readonly (Fields<'expr'> & { readonly type: string })[] },
      frame: Frame,
    ): void {
      const operators = JSON.stringify(node.ops.map(({ type }) => type));
      this.#wrapped(
        `env.python.compare(${operators}, [`,
        [node.expr, ...node.ops.map(({ expr }) => expr)],
        frame,
        '])',
      );
    }

    #binary(operator: string, node: BinaryNode, frame: Frame): void {
      this.#wrapped(`env.python.binary(${quote(operator)}, `, [node.left, node.right], frame);
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
      this.#wrapped('-env.python.number("-", ', [node.target], frame);
    }

    compilePos(node: Fields<'target'>, frame: Frame): void {
      this.#wrapped('env.python.number("+", ', [node.target], frame);
    }
  }
  return JinjaCompiler;
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
