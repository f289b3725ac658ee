import type { ClassDeclaration } from '../declare.js';
import type { Trait } from '../traits.js';
import { blanked, literal } from './values.js';

/** `--help-all`: every class with every own setting. */

const WIDTH = 96;

export function classHelp(declaration: ClassDeclaration): string {
  const parent = declaration.parent ? `(${declaration.parent.name})` : '';
  const title = `${declaration.name}${parent} options`;
  const lines = [title, '-'.repeat(title.length), ...wrap(declaration.help, 0), ''];
  for (const [name, trait] of Object.entries(declaration.own))
    lines.push(...traitHelp(declaration.name, name, trait));
  return lines.join('\n');
}

function traitHelp(className: string, name: string, trait: Trait<unknown>): string[] {
  const repeat =
    trait.container === 'dict'
      ? '=<key>=<value>...'
      : trait.container
        ? `=<${trait.type}-item>...`
        : `=<${trait.type}>`;
  const deprecated = trait.deprecated ? `Deprecated: use ${trait.deprecated.use}. ` : '';
  return [
    `--${className}.${name}${repeat}`,
    ...wrap(deprecated + trait.help, 4),
    `    Default: ${defaultText(trait)}`,
  ];
}

export function defaultText(trait: Trait<unknown>): string {
  return trait.defaultText ?? literal(blanked(trait, trait.default));
}

export function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(indent) + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, ' '.repeat(indent) + line];
}
