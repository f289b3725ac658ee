/** What docs/front-proxies.md tells people to write, taken from the page itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../core/package-root.js';

/** The one fenced block of a language on a page. @throws Error when there is none, or more than one */
export function recipe(language: string, page = 'docs/front-proxies.md'): string {
  const text = readFileSync(join(packageRoot(), page), 'utf8');
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  const [block, second] = blocks.map((match) => match[1]);
  if (block === undefined || second !== undefined) {
    throw new Error(`${page} has ${blocks.length} blocks of ${language}, not one`);
  }
  return block;
}

/** Replaces what a reader is told to change. @throws Error when the text does not have it */
export function fitted(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((all, [from, to]) => {
    if (!all.includes(from)) throw new Error(`the recipe does not say ${from}`);
    return all.replaceAll(from, to);
  }, text);
}

/** The changes of the page's one `diff` block that stand below `# NAME`. */
export function changed(text: string, name: string): string {
  const [, own] = recipe('diff').split(` # ${name}\n`);
  if (own === undefined) return text;
  const lines = (own.split(/^ # /m)[0] ?? '').split('\n').filter((line) => line !== '');
  const side = (marks: string): string =>
    lines
      .filter((line) => marks.includes(line.charAt(0)))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return fitted(text, { [side(' -')]: side(' +') });
}
