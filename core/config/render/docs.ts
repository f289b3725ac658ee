import type { ClassDeclaration } from '../declare.js';
import type { Trait } from '../traits.js';
import { environmentNames } from '../tree.js';
import { defaultText } from './help.js';

/** `docs/configuration.md`, made from the declarations. */
export function configurationPage(
  classes: readonly ClassDeclaration[],
  unbuilt: Readonly<Record<string, string>>,
): string {
  const lines = [
    '# Configuration',
    '',
    '<!-- Made from the declarations by `npm run docs`; edit those. -->',
    '',
    'Settings are named as in JupyterHub. They come, each stronger than the one before, from defaults, from the few',
    'environment variables named below, from one file `jupyterhub_config.mjs`, `.js`, `.json`, `.yaml` or `.py` (data',
    'only: [python-config.md](python-config.md)), and from the command line (`--Class.trait=value`). A class takes the',
    'settings of the class it is made from; its own win.',
    'A setting marked *not built yet* stops the start when it is set to anything but its default.',
    '',
  ];
  for (const declaration of classes) {
    const parent = declaration.parent ? ` Takes the settings of \`${declaration.parent.name}\` too.` : '';
    lines.push(`## ${declaration.name}`, '', `${declaration.help}${parent}`, '');
    const names = declaration.aliases.filter((alias) => alias !== 'default');
    if (names.length > 0) lines.push(`Also named ${names.map((each) => `\`${each}\``).join(', ')}.`, '');
    const own = Object.entries(declaration.own);
    if (own.length === 0) continue;
    lines.push('| setting | type | default | meaning |', '|---|---|---|---|');
    for (const [name, trait] of own) lines.push(row(name, trait, unbuilt[`${declaration.name}.${name}`]));
    lines.push('');
  }
  return lines.join('\n');
}

function row(name: string, trait: Trait<unknown>, reason: string | undefined): string {
  const names = environmentNames(trait);
  const notes = [
    trait.help,
    names.length === 0 ? '' : `Read from ${names.map((each) => `\`${each}\``).join(', else ')} when not set.`,
    trait.deprecated ? `**Deprecated**: use ${trait.deprecated.use}.` : '',
    reason === undefined ? '' : `*Not built yet*: ${reason}.`,
  ];
  const meaning = notes.filter((note) => note !== '').join(' ');
  const fallback = trait.defaultText ?? `\`${defaultText(trait)}\``;
  return `| \`${name}\` | ${trait.type} | ${cell(fallback)} | ${cell(meaning)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
