/**
 * Pages from `.hbs` files alone, as most sites have them. A block of JupyterHub's templates is an inline partial of the
 * same name, so a site overrides one by
 * `{{#> templates/login.html}}{{#*inline "login_terms"}}…{{/inline}}{{/templates/login.html}}`.
 */
import { pathToFileURL } from 'node:url';
import Handlebars from 'handlebars';
import { messageOf } from '../../core/fault.js';
import type { Engine, PageFiles } from './engine.js';
import { handlebarsFault } from './handlebars-fault.js';
import { nameFaults, type ParsedTemplate } from './handlebars-names.js';
import type { TemplateFile } from './template-files.js';
import type { Words } from './words.js';

export function createHandlebarsPages(
  files: PageFiles,
  words: Words,
  staticUrl: (path: string) => string,
): Engine {
  const handlebars = Handlebars.create();
  const compiled = new Map<string, Handlebars.TemplateDelegate>();
  const partials = new Map<string, hbs.AST.Program | undefined>();
  const site: ParsedTemplate[] = [];
  const faults: string[] = [];
  registerHelpers(handlebars, words, staticUrl);
  const register = (file: TemplateFile, names: readonly string[]): hbs.AST.Program | undefined => {
    const found = read(handlebars, file, faults);
    for (const name of names) partials.set(name, found?.program);
    if (!found) return undefined;
    for (const name of names) handlebars.registerPartial(name, found.template);
    if (names.includes(file.name)) compiled.set(file.name, found.template);
    return found.program;
  };
  for (const file of files.partials) register(file, [file.name.replace(/\.html$/, '')]);
  for (const file of files.stock) register(file, [`templates/${file.name}`, file.name]);
  for (const file of files.site.flat()) {
    const program = register(file, [file.name]);
    if (program) site.push({ name: file.name, path: file.path, program });
  }
  faults.push(...nameFaults(site, { partials, helpers: Object.keys(handlebars.helpers) }));
  const paths = [files.partials, files.stock, ...files.site].flat().map(({ path }) => path);
  return {
    faults,
    has: (name) => compiled.has(name),
    render(name, variables) {
      const template = compiled.get(name);
      if (!template) throw new Error(`no template ${name}`);
      try {
        return template(variables);
      } catch (error) {
        const path = failedIn(error, paths);
        throw path === undefined ? error : new Error(`${path}: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}

interface ReadTemplate {
  readonly program: hbs.AST.Program;
  readonly template: Handlebars.TemplateDelegate;
}

/**
 * All of it at the start, which has to know the faults anyway: Handlebars' own `compile` puts the work off until a page is
 * asked for, and holds up everybody for the tenth of a second that one takes.
 */
function read(handlebars: typeof Handlebars, file: TemplateFile, faults: string[]): ReadTemplate | undefined {
  try {
    const program = Handlebars.parse(file.source);
    const source = String(handlebars.precompile(program, { preventIndent: true }));
    // named, so that what fails later says in which file
    const named = `return ${source}\n//# sourceURL=${pathToFileURL(file.path).href}`;
    const template: unknown = new Function(named)();
    return { program, template: handlebars.template(template as TemplateSpecification) };
  } catch (error) {
    const { line, message } = handlebarsFault(error);
    faults.push(`${file.path}:${line}: ${message}`);
    return undefined;
  }
}

/** A block's text fails far below the page that it stands in: the innermost file of the stack is the one to repair. */
function failedIn(error: unknown, paths: readonly string[]): string | undefined {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const inFrame = (frame: string) => paths.find((path) => frame.includes(`${pathToFileURL(path).href}:`));
  return frames.map(inFrame).find((path) => path !== undefined);
}

function registerHelpers(
  handlebars: typeof Handlebars,
  words: Words,
  staticUrl: (path: string) => string,
): void {
  handlebars.registerHelper('t', (key: string, options: Handlebars.HelperOptions) =>
    words(key, options.hash as Record<string, unknown>),
  );
  handlebars.registerHelper('or', (first: unknown, second: unknown) => first || second);
  handlebars.registerHelper('eq', (first: unknown, second: unknown) => first === second);
  handlebars.registerHelper('concat', (...parts: unknown[]) => parts.slice(0, -1).join(''));
  handlebars.registerHelper('static_url', (path: string) => staticUrl(path));
}
