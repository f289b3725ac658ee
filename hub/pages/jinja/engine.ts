/**
 * Sites' Jinja2 templates (`.html` in `template_paths`), rendered by nunjucks. Owns: reading all of them at the start,
 * with every fault at once, and rendering; our own pages are translated from their `.hbs`, so both kinds extend and
 * include one another. Knows no requests; a caller hands the variables in.
 */
import { compileFunction } from 'node:vm';
import type { TemplateFile } from '../template-files.js';
import type { Words } from '../words.js';
import { createBridge } from './bridge.js';
import { checkTemplate, type Known, type Reference } from './check.js';
import { jinjaCompiler } from './compiler.js';
import { jinjaFromHandlebars } from './handlebars-source.js';
import { createMachine, MissingTemplate } from './machine.js';
import { type ListNode, loadNunjucks } from './nunjucks.js';
import { jinjaParser, SyntaxFault, type WhitespaceOptions } from './parser.js';

export type Variables = Readonly<Record<string, unknown>>;

export interface JinjaOptions {
  /** By the name that `extends` and `include` use. */
  readonly files: ReadonlyMap<string, TemplateFile>;
  /** A file that is not in `files`, below the site's folders. */
  find(name: string): TemplateFile | undefined;
  readonly whitespace: WhitespaceOptions;
  readonly words: Words;
  /** Parameters of the functions among the variables of pages. */
  readonly functions: ReadonlyMap<string, readonly string[]>;
  readonly absent: Readonly<Record<string, string>>;
}

export interface Jinja {
  /** One line each, with file and line; empty: fine. */
  readonly faults: readonly string[];
  has(name: string): boolean;
  /** @throws RenderProblem with file and line */
  render(name: string, variables: Variables): string;
}

interface Read {
  readonly file: TemplateFile;
  readonly tree: ListNode;
  readonly references: readonly Reference[];
}

const OURS: WhitespaceOptions = { trimBlocks: false, lstripBlocks: false };

export function createJinja(options: JinjaOptions): Jinja {
  const nunjucks = loadNunjucks();
  const parse = jinjaParser(nunjucks);
  const Compiler = jinjaCompiler(nunjucks);
  const machine = createMachine(nunjucks);
  const faults: string[] = [];
  const known: Known = {
    filters: machine.filters,
    tests: machine.tests,
    functions: new Map([...globalSignatures(machine.globals), ...options.functions]),
    absent: options.absent,
  };

  const read = readAll(
    options,
    (file) => {
      const text = file.kind === 'hbs' ? jinjaFromHandlebars(file.source) : withoutLastNewline(file.source);
      const tree = parse(text, file.kind === 'hbs' ? OURS : options.whitespace);
      const checked = checkTemplate(tree, known);
      for (const { line, message } of checked.faults) faults.push(place(file, line, message));
      return { file, tree, references: checked.references };
    },
    faults,
  );
  faults.push(...circles(read));

  const compiled = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [name, { file, tree }] of faults.length > 0 ? [] : read) {
    const compiler = new Compiler(file.path);
    compiler.compile(tree);
    compiled.set(name, compileFunction(compiler.getCode(), [], { filename: file.path })() as Variables);
  }
  const loader = {
    getSource(name: string) {
      const obj = compiled.get(name);
      if (!obj) throw new MissingTemplate(`there is no template ${name}`);
      return { src: { type: 'code', obj }, path: name, noCache: false } as const;
    },
  };
  const environment = Object.assign(new nunjucks.Environment([loader], { autoescape: true, dev: true }), {
    python: machine,
  });
  const bridge = createBridge(machine, options.words);
  return {
    faults,
    has: (name) => compiled.has(name),
    render(name, variables) {
      machine.begin();
      return environment.render(name, { ...variables, _hb: bridge });
    },
  };
}

function globalSignatures(globals: ReturnType<typeof createMachine>['globals']) {
  return Object.entries(globals).map(([name, { parameters = [] }]) => [name, parameters] as const);
}

/** As Jinja2 reads a file (`keep_trailing_newline` is off). */
function withoutLastNewline(source: string): string {
  return source.replace(/\r?\n$/, '');
}

function place(file: TemplateFile, line: number, message: string): string {
  return `${file.path}:${line}: ${message} (docs/templates.md)`;
}

/** Every template and every one that they name, as deep as it goes. */
function readAll(
  { files, find }: JinjaOptions,
  readOne: (file: TemplateFile) => Read,
  faults: string[],
): ReadonlyMap<string, Read> {
  const read = new Map<string, Read>();
  const queue = [...files];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, file] = next;
    if (read.has(name)) continue;
    try {
      const one = readOne(file);
      read.set(name, one);
      for (const reference of one.references) {
        const found = reference.names.map((each) => [each, files.get(each) ?? find(each)] as const);
        for (const [each, other] of found) if (other) queue.push([each, other]);
        if (reference.names.length > 0 && !reference.optional && !found.some(([, other]) => other))
          faults.push(place(file, reference.line, missing(reference)));
      }
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      faults.push(place(file, error.line, error.message));
    }
  }
  return read;
}

function missing({ names }: Reference): string {
  const [name = ''] = names;
  const stock = name.startsWith('templates/') ? '' : '; our own pages are called templates/NAME.html';
  return `there is no template ${names.join(', ')}${stock}`;
}

/** Templates that extend themselves, which would never end. */
function circles(read: ReadonlyMap<string, Read>): readonly string[] {
  const parentOf = (name: string) => read.get(name)?.references.find(({ kind }) => kind === 'Extends');
  const faults: string[] = [];
  for (const [name, { file }] of read) {
    const seen = new Set<string>();
    let at: string | undefined = name;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      at = parentOf(at)?.names[0];
    }
    if (at === name) {
      const line = parentOf(name)?.line ?? 1;
      faults.push(place(file, line, `it extends itself; write {% extends "templates/${name}" %} for ours`));
    }
  }
  return faults;
}
