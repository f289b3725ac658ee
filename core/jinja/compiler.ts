/**
 * nunjucks' compiler with Jinja2's rules: `{% set %}` stays in its loop, blocks and includes run where they stand, and an
 * error knows its line. Here: statements; expressions are in compiler-expressions.ts. The code that it makes calls
 * `env.python` (machine.ts).
 */
import { expressionCompiler, type Fields, quote } from './compiler-expressions.js';
import type { Compiler, Frame, ListNode, Nunjucks, SyntaxNode } from './nunjucks.js';

export function jinjaCompiler(nunjucks: Nunjucks): new (path: string) => Compiler {
  class JinjaCompiler extends expressionCompiler(nunjucks) {
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
  }
  return JinjaCompiler;
}
