/** The template files of one folder: `.hbs` (Handlebars) and `.html` (Jinja2). */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface TemplateFile {
  readonly kind: 'hbs' | 'html';
  /** JupyterHub's name of it, e.g. `login.html`. */
  readonly name: string;
  readonly path: string;
  readonly source: string;
}

/** @param faults takes what is wrong with the folder, one line each */
export function listTemplates(folder: string, faults: string[]): readonly TemplateFile[] {
  if (!existsSync(folder)) {
    faults.push(`JupyterHub.template_paths: ${folder} does not exist`);
    return [];
  }
  const found = readdirSync(folder)
    .sort()
    .flatMap((each) => {
      const [, base, kind] = /^(.+)\.(hbs|html)$/.exec(each) ?? [];
      if (base === undefined || kind === undefined) return [];
      const file = readTemplate(kind as TemplateFile['kind'], `${base}.html`, join(folder, each));
      return file ? [file] : [];
    });
  for (const file of found) {
    if (file.kind === 'html' && found.some((other) => other.kind === 'hbs' && other.name === file.name))
      faults.push(
        `${file.path}: there is also ${file.name.replace(/html$/, 'hbs')}, for the same page; keep one of them`,
      );
  }
  return found;
}

/** @param name as a template includes it; what lies outside of the folder is not found */
export function findTemplate(folders: readonly string[], name: string): TemplateFile | undefined {
  if (name.split('/').some((part) => part === '..' || part === '')) return undefined;
  for (const folder of folders) {
    const file = readTemplate('html', name, join(folder, name));
    if (file) return file;
  }
  return undefined;
}

function readTemplate(kind: TemplateFile['kind'], name: string, path: string): TemplateFile | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  return { kind, name, path, source: readFileSync(path, 'utf8') };
}
