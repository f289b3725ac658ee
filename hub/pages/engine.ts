import type { TemplateFile } from './template-files.js';

export type TemplateVariables = Readonly<Record<string, unknown>>;

/** Template files; in `site` the folder that wins is the last. */
export interface PageFiles {
  readonly partials: readonly TemplateFile[];
  readonly stock: readonly TemplateFile[];
  readonly site: readonly (readonly TemplateFile[])[];
}

/** What makes pages of template files: Handlebars, or Jinja2 where a site has `.html` files. */
export interface Engine {
  readonly faults: readonly string[];
  has(name: string): boolean;
  render(name: string, variables: TemplateVariables): string;
}
