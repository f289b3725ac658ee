/** `npm run docs`: docs/configuration.md and docs/configuration.schema.json from the declarations. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.js';
import { documents } from './documents.js';

for (const [path, text] of Object.entries(documents())) {
  writeFileSync(join(packageRoot(), path), text);
  process.stdout.write(`${path}\n`);
}
