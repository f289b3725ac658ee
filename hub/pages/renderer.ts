/**
 * Templates. Owns: finding, compiling and rendering `.hbs` files under JupyterHub's template names (`login.html`,
 * `templates/login.html` for the stock one), the helpers they may use, and the catalogue of words.
 * Does not know requests, users or routes: a caller hands the variables in.
 *
 * A block of JupyterHub's templates is an inline partial of the same name, so a site overrides one by
 * `{{#> templates/login.html}}{{#*inline "login_terms"}}…{{/inline}}{{/templates/login.html}}`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import Handlebars from 'handlebars';
import { StartupFault } from '../../core/fault.js';
import { packageRoot } from '../../core/package-root.js';
import { formatMessage } from './messages.js';

export type TemplateVariables = Readonly<Record<string, unknown>>;

export interface RendererOptions {
  /** Folders of the site, first wins; the stock folder is always last. */
  readonly templatePaths: readonly string[];
  /** Path of the static files as the browser sees it, e.g. `/hub/static/`. */
  readonly staticUrl: string;
  /** Variables of every page (`template_vars` and the hub's own). */
  readonly globals: TemplateVariables;
}

export interface Renderer {
  /** @param name JupyterHub's template name, e.g. `login.html` */
  render(name: string, variables: TemplateVariables): string;
  has(name: string): boolean;
  /** URL of a static file with the hash of its bytes, so that it may be cached for ever. */
  staticUrl(path: string, includeVersion?: boolean): string;
}

export const stockTemplates = (): string => join(packageRoot(), 'templates');

/** @throws StartupFault naming each template that does not compile, with file and line */
export function createRenderer(options: RendererOptions): Renderer {
  const handlebars = Handlebars.create();
  const stock = stockTemplates();
  const messages = readMessages(join(stock, 'messages.en.json'));
  const versioned = staticVersions(stock, options.staticUrl);
  const compiled = new Map<string, Handlebars.TemplateDelegate>();
  const faults: string[] = [];

  registerHelpers(handlebars, messages, versioned);
  for (const file of listTemplates(join(stock, 'partials'), faults)) {
    handlebars.registerPartial(file.name, file.source);
  }
  for (const folder of [stock, ...[...options.templatePaths].reverse()]) {
    for (const file of listTemplates(folder, faults)) {
      const template = compile(handlebars, file, faults);
      if (!template) continue;
      const page = `${file.name}.html`;
      if (folder === stock) handlebars.registerPartial(`templates/${page}`, template);
      handlebars.registerPartial(page, template);
      compiled.set(page, template);
    }
  }
  if (faults.length > 0) throw new StartupFault(faults);

  return {
    has: (name) => compiled.has(name),
    render(name, variables) {
      const template = compiled.get(name);
      if (!template) throw new Error(`no template ${name}`);
      return template({ lang: 'en', ...options.globals, ...variables });
    },
    staticUrl: versioned,
  };
}

interface TemplateFile {
  readonly name: string;
  readonly path: string;
  readonly source: string;
}

function listTemplates(folder: string, faults: string[]): readonly TemplateFile[] {
  if (!existsSync(folder)) {
    faults.push(`JupyterHub.template_paths: ${folder} does not exist`);
    return [];
  }
  const names = readdirSync(folder);
  for (const name of names.filter((each) => each.endsWith('.html'))) {
    faults.push(
      `${join(folder, name)}: Jinja2 templates are not read yet; write ${name.replace(/\.html$/, '.hbs')} (docs/templates.md)`,
    );
  }
  return names
    .filter((name) => name.endsWith('.hbs'))
    .map((name) => ({
      name: name.slice(0, -'.hbs'.length),
      path: join(folder, name),
      source: readFileSync(join(folder, name), 'utf8'),
    }));
}

function compile(
  handlebars: typeof Handlebars,
  file: TemplateFile,
  faults: string[],
): Handlebars.TemplateDelegate | undefined {
  try {
    handlebars.precompile(file.source);
    return handlebars.compile(file.source, { preventIndent: true });
  } catch (error) {
    faults.push(`${file.path}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

type Messages = Readonly<Record<string, string>>;

function readMessages(path: string): Messages {
  return JSON.parse(readFileSync(path, 'utf8')) as Messages;
}

function registerHelpers(
  handlebars: typeof Handlebars,
  messages: Messages,
  staticUrl: (path: string) => string,
): void {
  handlebars.registerHelper('t', (key: string, options: Handlebars.HelperOptions) =>
    formatMessage(messages[key] ?? key, options.hash as Record<string, unknown>),
  );
  handlebars.registerHelper('or', (first: unknown, second: unknown) => first || second);
  handlebars.registerHelper('eq', (first: unknown, second: unknown) => first === second);
  handlebars.registerHelper('concat', (...parts: unknown[]) => parts.slice(0, -1).join(''));
  handlebars.registerHelper('static_url', (path: string) => staticUrl(path));
}

function staticVersions(stock: string, base: string): (path: string, includeVersion?: boolean) => string {
  const folder = join(stock, 'static');
  const hashes = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const hash = createHash('sha512').update(readFileSync(path)).digest('hex').slice(0, 16);
    hashes.set(relative(folder, path), hash);
  }
  return (path, includeVersion = true) => {
    const hash = includeVersion ? hashes.get(path) : undefined;
    return hash === undefined ? `${base}${path}` : `${base}${path}?v=${hash}`;
  };
}
