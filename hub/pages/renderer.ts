/**
 * Templates. Owns: finding a site's and our own template files under JupyterHub's names (`login.html`,
 * `templates/login.html` for the stock one), which engine renders them, and the addresses of static files. Pages are
 * `.hbs`; one `.html` (Jinja2) in `template_paths`, and all pages go through `jinja/`, which reads both.
 * Does not know requests, users or routes: a caller hands the variables in.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Fault, messageOf, StartupFault } from '../../core/fault.js';
import { packageRoot } from '../../core/package-root.js';
import type { Engine, PageFiles, TemplateVariables } from './engine.js';
import { createHandlebarsPages } from './handlebars-pages.js';
import { createJinja, type Jinja } from './jinja/engine.js';
import { readWhitespaceOptions } from './jinja-options.js';
import { ABSENT, PAGE_FUNCTIONS, pageFunctions } from './jinja-variables.js';
import { findTemplate, listTemplates, type TemplateFile } from './template-files.js';
import { readWords } from './words.js';

export interface RendererOptions {
  /** Folders of the site, first wins; the stock folder is always last. */
  readonly templatePaths: readonly string[];
  /** Path of the static files as the browser sees it, e.g. `/hub/static/`. */
  readonly staticUrl: string;
  /** Variables of every page (`template_vars` and the hub's own). */
  readonly globals: TemplateVariables;
  /** `JupyterHub.jinja_environment_options` */
  readonly environmentOptions?: Readonly<Record<string, unknown>>;
}

export interface Renderer {
  /**
   * @param name JupyterHub's template name, e.g. `login.html`
   * @throws Fault TEMPLATE when the template fails, with its place for the log
   */
  render(name: string, variables: TemplateVariables): string;
  has(name: string): boolean;
  /** Whether a site's Jinja2 templates ask for JupyterHub's rarer variables. */
  readonly isJinja: boolean;
  /**
   * HTML of a plug-in that may use Jinja2 (`Authenticator.custom_html`); without a tag it is what it is.
   * @throws StartupFault when it does not compile
   */
  fragment(what: string, html: string): (variables: TemplateVariables) => string;
  /** URL of a static file with the hash of its bytes, so that it may be cached for ever. */
  staticUrl(path: string, includeVersion?: boolean): string;
}

export const stockTemplates = (): string => join(packageRoot(), 'templates');

/** @throws StartupFault naming each template that does not compile, with file and line */
export function createRenderer(options: RendererOptions): Renderer {
  const stock = stockTemplates();
  const faults: string[] = [];
  const words = readWords(join(stock, 'messages.en.json'));
  const versioned = staticVersions(stock, options.staticUrl);
  const whitespace = readWhitespaceOptions(options.environmentOptions ?? {}, faults);
  const files: PageFiles = {
    partials: listTemplates(join(stock, 'partials'), faults),
    stock: listTemplates(stock, faults),
    site: options.templatePaths.map((folder) => listTemplates(folder, faults)).reverse(),
  };
  const jinja = (withFiles: PageFiles, more: ReadonlyMap<string, TemplateFile> = new Map()): Jinja =>
    createJinja({
      files: new Map([...namedFiles(withFiles), ...more]),
      find: (name) => findTemplate(options.templatePaths, name),
      whitespace,
      words,
      functions: PAGE_FUNCTIONS,
      absent: ABSENT,
    });
  const isJinja = files.site.some((list) => list.some(({ kind }) => kind === 'html'));
  const engine: Engine = isJinja ? jinja(files) : createHandlebarsPages(files, words, versioned);
  faults.push(...engine.faults);
  if (faults.length > 0) throw new StartupFault(faults);

  const everywhere = { lang: 'en', ...pageFunctions(versioned), ...options.globals };
  return {
    isJinja,
    has: (name) => engine.has(name),
    render: (name, variables) => rendered(engine, name, { ...everywhere, ...variables }),
    fragment(what, html) {
      if (!/\{[{%#]/.test(html)) return () => html;
      const file = { kind: 'html', name: what, path: what, source: html } as const;
      const own = jinja(files, new Map([[what, file]]));
      if (own.faults.length > 0) throw new StartupFault(own.faults);
      return (variables) => rendered(own, what, { ...everywhere, ...variables });
    },
    staticUrl: versioned,
  };
}

function rendered(engine: Engine, name: string, variables: TemplateVariables): string {
  try {
    return engine.render(name, variables);
  } catch (error) {
    throw new Fault('TEMPLATE', 'This page could not be made. The log says why.', {
      detail: `${name}: ${messageOf(error)}`,
      cause: error,
    });
  }
}

/** Every file under the names that templates use; of two of one name the site's wins. */
function namedFiles({ partials, stock, site }: PageFiles): ReadonlyMap<string, TemplateFile> {
  const named = new Map<string, TemplateFile>();
  for (const file of partials) named.set(`partials/${file.name.replace(/\.html$/, '')}`, file);
  for (const file of stock) named.set(`templates/${file.name}`, file);
  for (const file of [stock, ...site].flat()) named.set(file.name, file);
  return named;
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
