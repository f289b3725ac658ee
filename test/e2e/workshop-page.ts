import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.js';

/** What docs/workshop.md tells its reader to type, block by block, with the names of one test put in. */
export interface WorkshopPage {
  readonly prepare: string;
  readonly config: string;
  /** The line that starts the hub. */
  readonly start: string;
  readonly keep: string;
  readonly remove: string;
}

export interface WorkshopNames {
  readonly folder: string;
  readonly group: string;
  /** Stands for `student`. */
  readonly student: string;
  readonly teacher: string;
  readonly port: number;
}

/** @throws Error when the page has lost one of its blocks */
export function readWorkshopPage(names: WorkshopNames): WorkshopPage {
  const text = readFileSync(join(packageRoot(), 'docs/workshop.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, kind = '', body = '']) => ({
    kind,
    body: withNames(body, names),
  }));
  const block = (kind: string, mark: string): string => {
    const found = blocks.filter((each) => each.kind === kind && each.body.includes(mark));
    if (found.length !== 1)
      throw new Error(`docs/workshop.md has ${found.length} ${kind} blocks with ${mark}`);
    return found[0]?.body ?? '';
  };
  return {
    prepare: block('sh', 'groupadd'),
    config: block('js', 'export default'),
    start: block('sh', 'anteroom -f'),
    keep: block('sh', 'tar --create'),
    remove: block('sh', 'userdel'),
  };
}

function withNames(text: string, { folder, group, student, teacher, port }: WorkshopNames): string {
  return text
    .replaceAll('/var/lib/anteroom', folder)
    .replaceAll('/root/workshop.tar.gz', `${folder}/kept.tar.gz`)
    .replaceAll(/\bstudent(?=\$)/g, student)
    .replaceAll("'teacher'", `'${teacher}'`)
    .replaceAll(/\bworkshop\b/g, group)
    .replaceAll('http://:8000', `http://127.0.0.1:${port}`);
}
