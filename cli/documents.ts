import { configurationPage } from '../core/config/render/docs.js';
import { configSchema } from '../core/config/render/schema.js';
import { ALL_CLASSES } from './classes.js';
import { UNBUILT } from './unbuilt.js';

/** Documents made from the declarations: path below the package, text. */
export function documents(): Readonly<Record<string, string>> {
  return {
    'docs/configuration.md': configurationPage(ALL_CLASSES, UNBUILT),
    'docs/configuration.schema.json': `${JSON.stringify(configSchema(ALL_CLASSES), null, 2)}\n`,
  };
}
