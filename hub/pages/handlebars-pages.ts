/**
 * Pages from `.hbs` files alone, as most sites have them. A block of JupyterHub's templates is an inline partial of the
 * same name, so a site overrides one by
 * `{{#> templates/login.html}}{{#*inline "login_terms"}}…{{/inline}}{{/templates/login.html}}`.
 */
import Handlebars from 'handlebars';
import type { Engine, PageFiles } from './engine.js';
import type { TemplateFile } from './template-files.js';
import type { Words } from './words.js';

export function createHandlebarsPages(
  files: PageFiles,
  words: Words,
  staticUrl: (path: string) => string,
): Engine {
  const handlebars = Handlebars.create();
  const compiled = new Map<string, Handlebars.TemplateDelegate>();
  const faults: string[] = [];
  registerHelpers(handlebars, words, staticUrl);
  for (const file of files.partials) {
    const partial = compile(handlebars, file, faults);
    if (partial) handlebars.registerPartial(file.name.replace(/\.html$/, ''), partial);
  }
  for (const [folder, list] of [files.stock, ...files.site].entries()) {
    for (const file of list) {
      const template = compile(handlebars, file, faults);
      if (!template) continue;
      if (folder === 0) handlebars.registerPartial(`templates/${file.name}`, template);
      handlebars.registerPartial(file.name, template);
      compiled.set(file.name, template);
    }
  }
  return {
    faults,
    has: (name) => compiled.has(name),
    render(name, variables) {
      const template = compiled.get(name);
      if (!template) throw new Error(`no template ${name}`);
      return template(variables);
    },
  };
}

/**
 * All of it at the start, which has to know the faults anyway: Handlebars' own `compile` puts the work off until a page is
 * asked for, and holds up everybody for the tenth of a second that one takes.
 */
function compile(
  handlebars: typeof Handlebars,
  file: TemplateFile,
  faults: string[],
): Handlebars.TemplateDelegate | undefined {
  try {
    const source = String(handlebars.precompile(file.source, { preventIndent: true }));
    const template: unknown = new Function(`return ${source}`)();
    return handlebars.template(template as TemplateSpecification);
  } catch (error) {
    faults.push(`${file.path}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
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
