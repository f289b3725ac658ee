/**
 * Sites' Jinja2 templates (`.html` in `template_paths`) beside our own pages, which are translated from their `.hbs`, so that
 * both kinds extend and include one another.
 */
import {
  createJinja as createEngine,
  type Jinja,
  type WhitespaceOptions,
} from '../../../core/jinja/engine.js';
import type { TemplateFile } from '../template-files.js';
import type { Words } from '../words.js';
import { createBridge } from './bridge.js';
import { jinjaFromHandlebars } from './handlebars-source.js';

export type { Jinja, Variables } from '../../../core/jinja/engine.js';

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

export function createJinja({ words, ...options }: JinjaOptions): Jinja {
  return createEngine({
    ...options,
    translated: ({ kind, source }) => (kind === 'hbs' ? jinjaFromHandlebars(source) : undefined),
    variables: (values) => ({ _hb: createBridge(values, words) }),
    hints: {
      missing: (name) =>
        name.startsWith('templates/') ? '' : '; our own pages are called templates/NAME.html',
      extendsItself: (name) => `; write {% extends "templates/${name}" %} for ours`,
    },
  });
}
