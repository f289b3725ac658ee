import type { ClassDeclaration } from '../declare.js';
import { wrap } from './help.js';
import { blanked, literal } from './values.js';

/** `--generate-config`: a module with every setting explained and commented out. */
export function generateConfig(classes: readonly ClassDeclaration[]): string {
  const lines = [
    '// Configuration of anteroom. Every setting stands here with its default; take away the // of a line to change it.',
    '// The names are those of JupyterHub; a setting of a class is inherited by the classes made from it.',
    '',
    '/** @param {any} c */',
    'export default function configure(c) {',
  ];
  for (const declaration of classes) {
    const parent = declaration.parent ? ` (takes the settings of ${declaration.parent.name} too)` : '';
    lines.push(
      `  // ${'-'.repeat(76)}`,
      `  // ${declaration.name}${parent}`,
      ...wrap(declaration.help, 0).map((line) => `  // ${line}`),
      '',
    );
    for (const [name, trait] of Object.entries(declaration.own)) {
      const deprecated = trait.deprecated ? `Deprecated: use ${trait.deprecated.use}. ` : '';
      const derived = trait.defaultText === undefined ? '' : ` Default: ${trait.defaultText}.`;
      lines.push(
        ...wrap(deprecated + trait.help + derived, 0).map((line) => `  // ${line}`),
        `  // c.${declaration.name}.${name} = ${literal(blanked(trait, trait.default))};`,
        '',
      );
    }
  }
  lines.push('}', '');
  return lines.join('\n');
}
