/**
 * Bundles the terminal page into dist/terminal/web: index.html (a template that the server fills in) and assets/ with
 * a hash of the content in each name. Run by `npm run build`.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, '../../dist/terminal/web');

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  entryPoints: { main: join(here, 'main.ts'), style: join(here, 'style.css') },
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  // A classic script: module scripts are fetched in mode `cors`, for which the server wants an XSRF token.
  format: 'iife',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16'],
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
});

const names = Object.keys(result.metafile.outputs).map((path) => basename(path));
const named = (start, end) => {
  const found = names.find((name) => name.startsWith(start) && name.endsWith(end));
  if (!found) throw new Error(`no ${start}*${end} was built`);
  return found;
};
const template = await readFile(join(here, 'index.html'), 'utf8');
const html = template
  .replaceAll('%SCRIPT%', named('main-', '.js'))
  .replaceAll('%STYLE%', named('style-', '.css'));
await writeFile(join(out, 'index.html'), html);
