/**
 * Jinja2 templates of a site, rendered by nunjucks. Owns: reading all of them at the start, with every fault at once, and
 * rendering. Knows neither pages nor requests; a caller hands the files and the variables in.
 */
import { compileFunction } from 'node:vm';
import { checkTemplate, type Known, type Reference } from './check.js';
import { jinjaCompiler } from './compiler.js';
import { createMachine, MissingTemplate } from './machine.js';
import { type ListNode, loadNunjucks } from './nunjucks.js';
import { jinjaParser, SyntaxFault, type WhitespaceOptions } from './parser.js';
import type { Values } from './values.js';

export type { WhitespaceOptions } from './parser.js';

export type Variables = Readonly<Record<string, unknown>>;

/** A template as it was found. */
export interface JinjaFile {
  /** For people who look for a fault in it. */
  readonly path: string;
  readonly source: string;
}

/** What to do instead, as the end of a fault's words. */
interface Hints {
  missing(name: string): string;
  extendsItself(name: string): string;
}

export interface JinjaOptions<F extends JinjaFile> {
  /** By the name that `extends` and `include` use. */
  readonly files: ReadonlyMap<string, F>;
  /** A file that is not in `files`. */
  find(name: string): F | undefined;
  readonly whitespace: WhitespaceOptions;
  /** A file in another language, as Jinja2 with our own whitespace; undefined where it is Jinja2 itself. */
  readonly translated?: (file: F) => string | undefined;
  /** Variables beside those of a page, made of the rules for values. */
  readonly variables?: (values: Values) => Variables;
  /** Parameters of the functions among the variables of pages. */
  readonly functions: ReadonlyMap<string, readonly string[]>;
  readonly absent: Readonly<Record<string, string>>;
  /** Whether what is printed is escaped unless it is marked as HTML; default true. */
  readonly autoescape?: boolean;
  /** Whether `tojson` sorts the keys of dictionaries; default true. */
  readonly sortKeys?: boolean;
  readonly hints: Hints;
}

export interface Jinja {
  /** One line each, with file and line; empty: fine. */
  readonly faults: readonly string[];
  has(name: string): boolean;
  /** @throws RenderProblem with file and line */
  render(name: string, variables: Variables): string;
}

interface Read {
  readonly file: JinjaFile;
  readonly tree: ListNode;
  readonly references: readonly Reference[];
}

const OURS: WhitespaceOptions = { trimBlocks: false, lstripBlocks: false };

/** Reads all templates at once; what is wrong with them is in `faults`. */
export function createJinja<F extends JinjaFile>(options: JinjaOptions<F>): Jinja {
  const nunjucks = loadNunjucks();
  const parse = jinjaParser(nunjucks);
  const Compiler = jinjaCompiler(nunjucks);
  const machine = createMachine(nunjucks, options);
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
      const translated = options.translated?.(file);
      const text = translated ?? withoutLastNewline(file.source);
      const tree = parse(text, translated === undefined ? options.whitespace : OURS);
      const checked = checkTemplate(tree, known);
      for (const { line, message } of checked.faults) faults.push(place(file, line, message));
      return { file, tree, references: checked.references };
    },
    faults,
  );
  faults.push(...circles(read, options.hints));

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
  const more = options.variables?.(machine);
  return {
    faults,
    has: (name) => compiled.has(name),
    render(name, variables) {
      machine.begin();
      return environment.render(name, { ...variables, ...more });
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

function place(file: JinjaFile, line: number, message: string): string {
  return `${file.path}:${line}: ${message} (docs/templates.md)`;
}

/** Every template and every one that they name, as deep as it goes. */
function readAll<F extends JinjaFile>(
  { files, find, hints }: JinjaOptions<F>,
  readOne: (file: F) => Read,
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
          faults.push(place(file, reference.line, missing(reference, hints)));
      }
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      faults.push(place(file, error.line, error.message));
    }
  }
  return read;
}

function missing({ names }: Reference, hints: Hints): string {
  return `there is no template ${names.join(', ')}${hints.missing(names[0] ?? '')}`;
}

/** Templates that extend themselves, which would never end. */
function circles(read: ReadonlyMap<string, Read>, hints: Hints): readonly string[] {
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
      faults.push(place(file, line, `it extends itself${hints.extendsItself(name)}`));
    }
  }
  return faults;
}
