/**
 * What a site's Handlebars files name and is not there: Handlebars itself says so only when a page is made, and of a parent
 * that is misspelt, not even then: it shows an empty page.
 */
import Handlebars from 'handlebars';
import { nearest } from '../../core/config/nearest.js';

export interface ParsedTemplate {
  /** JupyterHub's name of it, e.g. `login.html`. */
  readonly name: string;
  readonly path: string;
  readonly program: hbs.AST.Program;
}

export interface KnownNames {
  /** By the names under which partials are called; undefined: one that could not be read. */
  readonly partials: ReadonlyMap<string, hbs.AST.Program | undefined>;
  readonly helpers: readonly string[];
}

/** @returns one line per fault, with file and line */
export function nameFaults(site: readonly ParsedTemplate[], known: KnownNames): readonly string[] {
  const uses = new Map<hbs.AST.Program, Uses>();
  const usesOf = (program: hbs.AST.Program): Uses => {
    const found = uses.get(program) ?? new Uses(program);
    uses.set(program, found);
    return found;
  };
  const programs = [...known.partials.values(), ...site.map(({ program }) => program)];
  const inlines = new Set(
    programs.flatMap((program) => (program ? usesOf(program).inlines.map(({ name }) => name) : [])),
  );
  return site.flatMap((file) => {
    const faults = [
      ...partialFaults(file, usesOf(file.program), known, inlines),
      ...helperFaults(usesOf(file.program), known.helpers),
    ];
    // of a page whose parent is not known nobody can say which blocks it has
    const all = faults.length > 0 ? faults : blockFaults(usesOf(file.program), known, usesOf);
    return all.map(({ line, message }) => `${file.path}:${line}: ${message}`);
  });
}

interface NameFault {
  readonly line: number;
  readonly message: string;
}

interface NamedPlace {
  readonly name: string;
  readonly line: number;
}

interface PartialCall extends NamedPlace {
  /** `{{#> name}}`, which without such a partial shows its own text: so every block of a page is written. */
  readonly hasText: boolean;
  /** Whether every page made from the file calls it. */
  readonly always: boolean;
}

/** The names in one file, in their order. */
class Uses extends Handlebars.Visitor {
  readonly partials: PartialCall[] = [];
  readonly helpers: NamedPlace[] = [];
  readonly inlines: NamedPlace[] = [];
  readonly decorators: NamedPlace[] = [];
  /** A partial whose name is worked out (`{{> (lookup . 'part')}}`) can be any. */
  namesAny = false;
  readonly #blockParams: string[] = [];
  readonly #top: ReadonlySet<hbs.AST.Node>;

  constructor(program: hbs.AST.Program) {
    super();
    this.#top = new Set(program.body);
    this.accept(program);
  }

  override Program(program: hbs.AST.Program): void {
    const outside = this.#blockParams.length;
    this.#blockParams.push(...(program.blockParams ?? []));
    super.Program(program);
    this.#blockParams.length = outside;
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    this.#helper(node);
    super.MustacheStatement(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    this.#helper(node);
    super.BlockStatement(node);
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    this.#helper(node);
    super.SubExpression(node);
  }

  override PartialStatement(node: hbs.AST.PartialStatement): void {
    this.#partial(node, false);
    super.PartialStatement(node);
  }

  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement): void {
    this.#partial(node, true);
    super.PartialBlockStatement(node);
  }

  override DecoratorBlock(node: hbs.AST.DecoratorBlock): void {
    const [name] = node.params;
    this.#decorator(node.path);
    if (name?.type === 'StringLiteral')
      this.inlines.push({ name: (name as hbs.AST.StringLiteral).value, line: node.loc.start.line });
    super.DecoratorBlock(node);
  }

  override Decorator(node: hbs.AST.Decorator): void {
    this.#decorator(node.path as hbs.AST.PathExpression);
    super.Decorator(node);
  }

  #decorator({ original, loc }: hbs.AST.PathExpression): void {
    if (original !== 'inline') this.decorators.push({ name: original, line: loc.start.line });
  }

  #partial(node: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement, hasText: boolean): void {
    if (node.name.type === 'SubExpression') this.namesAny = true;
    else {
      const name = partialName(node.name);
      if (name !== '@partial-block')
        this.partials.push({ name, line: node.loc.start.line, hasText, always: this.#top.has(node) });
    }
  }

  #helper(node: hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression): void {
    const { helperExpression, simpleId } = Handlebars.AST.helpers;
    if (!helperExpression(node) || node.path.type !== 'PathExpression') return;
    const path = node.path as hbs.AST.PathExpression;
    if (!simpleId(path) || this.#blockParams.includes(path.original)) return;
    this.helpers.push({ name: path.original, line: node.loc.start.line });
  }
}

function partialName(name: hbs.AST.Expression): string {
  return String(
    name.type === 'PathExpression'
      ? (name as hbs.AST.PathExpression).original
      : (name as hbs.AST.StringLiteral).value,
  );
}

function partialFaults(
  file: ParsedTemplate,
  uses: Uses,
  { partials }: KnownNames,
  inlines: ReadonlySet<string>,
): readonly NameFault[] {
  return uses.partials.flatMap(({ name, line, hasText, always }): readonly NameFault[] => {
    if (always && partials.get(name) === file.program) {
      return [{ line, message: `the file shows itself; write templates/${file.name} for our own page` }];
    }
    if (partials.has(name) || inlines.has(name)) return [];
    // {{#> name}} without an end of a file's name is a block that no page has to replace
    const holdsBlocks = hasText && partials.has(`templates/${name}.html`);
    if (hasText && !holdsBlocks && !/\/|\.(html|hbs)$/.test(name)) return [];
    return [{ line, message: `there is no template or partial ${name}${hint(name, partials.keys())}` }];
  });
}

function helperFaults(uses: Uses, helpers: readonly string[]): readonly NameFault[] {
  return [
    ...uses.helpers
      .filter(({ name }) => !helpers.includes(name))
      .map(({ name, line }) => ({
        line,
        message: `there is no helper ${name}${hint(name, helpers)}; docs/templates.md lists them`,
      })),
    ...uses.decorators.map(({ name, line }) => ({
      line,
      message: `there is no decorator ${name}, only inline`,
    })),
  ];
}

/** A block that nothing below the page shows would change nothing. */
function blockFaults(
  uses: Uses,
  { partials }: KnownNames,
  usesOf: (program: hbs.AST.Program) => Uses,
): readonly NameFault[] {
  const names = new Set<string>();
  const seen = new Set<Uses>();
  const waiting = [uses];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next.namesAny) return [];
    for (const { name } of next.partials) {
      names.add(name);
      if (!partials.has(name)) continue;
      const program = partials.get(name);
      // one that could not be read has a fault of its own
      if (!program) return [];
      waiting.push(usesOf(program));
    }
  }
  return uses.inlines
    .filter(({ name }) => !names.has(name))
    .map(({ name, line }) => ({
      line,
      message: `no page has a block ${name} here, so it would be shown nowhere${hint(name, names)}`,
    }));
}

function hint(name: string, known: Iterable<string>): string {
  const names = [...known];
  const page = [`templates/${name}.html`, `templates/${name}`].find((each) => names.includes(each));
  const meant = page ?? nearest(name, names);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}
