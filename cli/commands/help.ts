import type { CommandGrammar } from '../../core/config/argv.js';
import { classHelp, wrap } from '../../core/config/render/help.js';
import { ALL_CLASSES } from '../classes.js';

const INTRO = `anteroom - a JupyterHub-compatible hub

Usage:
  anteroom [options]              start the hub
  anteroom token [options] [USER] make an API token for a user
  anteroom upgrade-db [options]   bring the database up to date
  anteroom config convert [-f FILE] [-o FILE]
                                  write a .py, .json or .yaml configuration as a module

Options:
`;

/** `--help`, and with `all` every setting of every class. */
export function helpText(grammar: CommandGrammar, all: boolean): string {
  const flags = Object.entries(grammar.flags).flatMap(([name, { help }]) => [dashed(name), ...wrap(help, 4)]);
  const aliases = Object.entries(grammar.aliases).flatMap(([name, target]) => [
    `${dashed(name)}=<${target}>`,
    `    The same as --${target}.`,
  ]);
  const settings = all
    ? ['', ...ALL_CLASSES.map(classHelp)]
    : ['', 'Any setting: --Class.setting=value. --help-all lists them.'];
  return `${INTRO}${[...flags, ...aliases, ...settings].join('\n')}\n`;
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
