/**
 * Jinja2's syntax where nunjucks' parser differs: `{% block x scoped %}`, `{% with %}`, slices, `with context`, and no
 * tag that only nunjucks knows. Gives a tree, or the line of what cannot be read.
 */
import type { ListNode, Nunjucks, SyntaxNode } from './nunjucks.js';

export interface WhitespaceOptions {
  readonly trimBlocks: boolean;
  readonly lstripBlocks: boolean;
}

export class SyntaxFault extends Error {
  /** From 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

export type Parse = (source: string, options: WhitespaceOptions) => ListNode;

const TAGS = new Set(
  'block call elif else endblock endcall endfilter endfor endif endmacro endset endwith extends filter for from if import include macro raw set with'.split(
    ' ',
  ),
);
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['trans', 'write the text itself; there is no translation here'],
  ['pluralize', 'write the text itself; there is no translation here'],
  ['do', 'write {% set _ = EXPRESSION %}'],
  ['break', 'filter the loop: {% for x in xs if CONDITION %}'],
  ['continue', 'filter the loop: {% for x in xs if CONDITION %}'],
  ['autoescape', 'everything is escaped; mark what is HTML with | safe'],
  ['debug', 'take it out'],
]);

export function jinjaParser({ parser, lexer, nodes }: Nunjucks): Parse {
  const { Block, Dict, Include, InlineIf, LookupVal, FunCall, Literal, NodeList, Pair } = nodes;
  const AGGREGATES: Readonly<Record<string, readonly [typeof NodeList, string]>> = {
    'left-paren': [nodes.Group, 'right-paren'],
    'left-bracket': [nodes.Array, 'right-bracket'],
    'left-curly': [Dict, 'right-curly'],
  };
  const With = nodes.Node.extend('With', { fields: ['names', 'values', 'body'] });
  const Slice = nodes.Node.extend('Slice', { fields: ['start', 'stop', 'step'] });

  class JinjaParser extends parser.Parser {
    override parseStatement(): SyntaxNode | null {
      const tag = this.peekToken();
      if (tag?.type === 'symbol') {
        if (tag.value === 'with') return this.#parseWith();
        if (!TAGS.has(tag.value) && !tag.value.startsWith('end')) {
          const instead = INSTEAD.get(tag.value) ?? 'it is no tag of Jinja2';
          this.fail(`{% ${tag.value} %} is not available; ${instead}`, tag.lineno, tag.colno);
        }
      }
      return super.parseStatement();
    }

    #parseWith(): SyntaxNode {
      const { lineno, colno } = this.nextToken() as { lineno: number; colno: number };
      const names: SyntaxNode[] = [];
      const values: SyntaxNode[] = [];
      while (this.peekToken()?.type === 'symbol') {
        names.push(this.parsePrimary(true));
        if (!this.skipValue('operator', '=')) this.fail('{% with %} expects NAME = VALUE', lineno, colno);
        values.push(this.parseExpression());
        if (!this.skip('comma')) break;
      }
      this.advanceAfterBlockEnd('with');
      const body = this.parseUntilBlocks('endwith');
      this.advanceAfterBlockEnd();
      return new With(
        lineno,
        colno,
        new NodeList(lineno, colno, names),
        new NodeList(lineno, colno, values),
        body,
      );
    }

    override parseBlock(): SyntaxNode {
      const { lineno, colno } = this.nextToken() as { lineno: number; colno: number };
      const name = this.parsePrimary(true);
      if (name.typename !== 'Symbol') this.fail('{% block %} expects a name', lineno, colno);
      // Blocks see the loop around them in any case; `required` asks for nothing that a site's own template needs.
      while (this.skipSymbol('scoped') || this.skipSymbol('required'));
      this.advanceAfterBlockEnd('block');
      const body = this.parseUntilBlocks('endblock');
      if (!this.skipSymbol('endblock'))
        this.fail(`{% block ${String(name['value'])} %} has no {% endblock %}`, lineno, colno);
      this.skipSymbol(String(name['value']));
      this.advanceAfterBlockEnd('endblock');
      return new Block(lineno, colno, name, body);
    }

    override parseInclude(): SyntaxNode {
      const { lineno, colno } = this.nextToken() as { lineno: number; colno: number };
      const node = new Include(lineno, colno, this.parseExpression());
      const ignoreMissing = this.skipSymbol('ignore');
      if (ignoreMissing && !this.skipSymbol('missing'))
        this.fail('{% include %} expects "ignore missing"', lineno, colno);
      node['ignoreMissing'] = ignoreMissing;
      node['withContext'] = this.parseWithContext() !== false;
      this.advanceAfterBlockEnd('include');
      return node;
    }

    override parseInlineIf(): SyntaxNode {
      let node = this.parseOr();
      while (this.skipSymbol('if')) {
        const condition = this.parseOr();
        const otherwise = this.skipSymbol('else') ? this.parseInlineIf() : null;
        node = new InlineIf(node.lineno, node.colno, condition, node, otherwise);
      }
      return node;
    }

    override parseFilterArgs(): readonly SyntaxNode[] {
      return this.peekToken()?.type === 'left-paren' ? this.parseSignature().children : [];
    }

    override parsePostfix(start: SyntaxNode): SyntaxNode {
      let node = start;
      for (let token = this.peekToken(); token; token = this.peekToken()) {
        const { lineno, colno } = token;
        if (token.type === 'left-paren') {
          node = new FunCall(lineno, colno, node, this.parseSignature());
        } else if (token.type === 'left-bracket') {
          this.nextToken();
          node = new LookupVal(lineno, colno, node, this.#parseSubscript(lineno, colno));
        } else if (token.type === 'operator' && token.value === '.') {
          this.nextToken();
          const name = this.nextToken();
          if (name?.type !== 'symbol' && name?.type !== 'int')
            this.fail('expected a name after "."', lineno, colno);
          const key = new Literal(lineno, colno, name?.type === 'int' ? Number(name.value) : name?.value);
          const lookup = new LookupVal(lineno, colno, node, key);
          lookup['dotted'] = true;
          node = lookup;
        } else break;
      }
      return node;
    }

    /** As nunjucks', which refuses a comma before the end. */
    override parseAggregate(): SyntaxNode | null {
      const open = this.nextToken();
      const [Kind, close] = AGGREGATES[open?.type ?? ''] ?? [];
      if (!open || !Kind || close === undefined) return null;
      const children: SyntaxNode[] = [];
      while (!this.skip(close)) {
        const key = this.parseExpression();
        if (Kind === Dict && !this.skip('colon'))
          this.fail('expected ":" after a key', open.lineno, open.colno);
        children.push(Kind === Dict ? new Pair(key.lineno, key.colno, key, this.parseExpression()) : key);
        if (this.skip('comma')) continue;
        if (!this.skip(close)) this.fail(`expected "," or the end of ${open.value}`, open.lineno, open.colno);
        break;
      }
      return new Kind(open.lineno, open.colno, children);
    }

    #parseSubscript(lineno: number, colno: number): SyntaxNode {
      const parts: (SyntaxNode | null)[] = [null];
      let slice = false;
      while (!this.skip('right-bracket')) {
        if (this.skip('colon')) {
          slice = true;
          parts.push(null);
        } else if (parts.at(-1) === null && this.peekToken()?.type !== 'comma') {
          parts[parts.length - 1] = this.parseExpression();
        } else this.fail('expected "]"', lineno, colno);
      }
      const [start, stop, step] = parts;
      if (slice) return new Slice(lineno, colno, start, stop, step);
      if (!start) this.fail('expected an index between "[" and "]"', lineno, colno);
      return start as SyntaxNode;
    }
  }

  return (source, options) => {
    try {
      return new JinjaParser(lexer.lex(source, options)).parseAsRoot();
    } catch (error) {
      throw asSyntaxFault(error, source);
    }
  };
}

/** nunjucks' message without its own headings and places; at the end of the file it names none. */
function asSyntaxFault(error: unknown, source: string): SyntaxFault {
  const { message = String(error), lineno } = error as { message?: string; lineno?: number };
  const words = message.replace(/^\(.*?\)\s*/s, '').replace(/^(?:\[Line.*?\])?\s*(?:parse\w+: )?/, '');
  return new SyntaxFault(words, lineno ?? source.split('\n').length);
}
