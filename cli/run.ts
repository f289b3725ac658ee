/**
 * `anteroom` as a function: reads the command line, loads the configuration and runs one command.
 *
 * Owns: which command an argument list means, exit codes. Does not own: the commands themselves (commands/),
 * the hub (start.ts).
 */
import { type CommandGrammar, type ParsedArguments, parseArguments } from '../core/config/argv.js';
import { showConfig, showConfigJson } from '../core/config/render/show.js';
import { boolKind } from '../core/config/scalars.js';
import { Fault, messageOf, StartupFault } from '../core/fault.js';
import { faultLines } from '../core/gather.js';
import { ANTEROOM_VERSION, JUPYTERHUB_VERSION } from '../core/version.js';
import { type HubConfig, JupyterHubClass } from '../hub/config.js';
import { convertConfig } from './commands/config-convert.js';
import { generateConfigFile } from './commands/generate-config.js';
import { helpText } from './commands/help.js';
import { tokenCommand, upgradeDbCommand } from './commands/offline.js';
import { CONFIG_GRAMMAR, HUB_GRAMMAR, OFFLINE_GRAMMAR } from './grammar.js';
import { type LoadedConfig, loadConfig } from './load-config.js';
import { createLogger } from './logger.js';
import type { Programs } from './start.js';
import type { Terminal } from './terminal.js';

type CommandName = 'hub' | 'token' | 'upgrade-db' | 'config';
const GRAMMARS: Readonly<Record<CommandName, CommandGrammar>> = {
  hub: HUB_GRAMMAR,
  token: OFFLINE_GRAMMAR,
  'upgrade-db': OFFLINE_GRAMMAR,
  config: CONFIG_GRAMMAR,
};
const FAILURE = 1;

/** @returns the exit code; 1 with all faults on the error output when something is wrong */
export async function run(argv: readonly string[], terminal: Terminal, programs: Programs): Promise<number> {
  try {
    const [first, ...rest] = argv;
    const name: CommandName =
      first === 'token' || first === 'upgrade-db' || first === 'config' ? first : 'hub';
    const grammar = GRAMMARS[name];
    const parsed = parseArguments(name === 'hub' ? argv : rest, grammar);
    return await dispatch(name, grammar, parsed, terminal, programs);
  } catch (error) {
    if (!(error instanceof StartupFault || error instanceof Fault)) throw error;
    for (const line of faultLines(error)) terminal.err(`anteroom: ${line}\n`);
    return FAILURE;
  }
}

async function dispatch(
  name: CommandName,
  grammar: CommandGrammar,
  parsed: ParsedArguments,
  terminal: Terminal,
  programs: Programs,
): Promise<number> {
  const { flags } = parsed;
  if (flags.has('help-all') || flags.has('help') || flags.has('h')) {
    terminal.out(helpText(grammar, flags.has('help-all')));
    return 0;
  }
  if (flags.has('version') || flags.has('V')) {
    terminal.out(`anteroom ${ANTEROOM_VERSION} (speaks JupyterHub ${JUPYTERHUB_VERSION})\n`);
    return 0;
  }
  checkPositionals(name, parsed);
  if (name === 'config') {
    if (parsed.faults.length > 0) throw new StartupFault(parsed.faults);
    return convertConfig(terminal, {
      file: textOf(parsed, 'JupyterHub', 'config_file'),
      output: textOf(parsed, 'ConfigConvert', 'output'),
      overwrite: answersYes(parsed),
    });
  }
  if (parsed.sections.get('JupyterHub')?.has('generate_config')) {
    if (parsed.faults.length > 0) throw new StartupFault(parsed.faults);
    return generateConfigFile(terminal, textOf(parsed, 'JupyterHub', 'config_file'), answersYes(parsed));
  }
  const loaded = await loadConfig({ arguments: parsed, env: terminal.env, cwd: terminal.cwd });
  terminal.setVariables(loaded.variables);
  // only the wish to see it: what is faulty must not hide the rest
  const wish = loaded.config.resolution(JupyterHubClass).values as HubConfig;
  if (wish.show_config_json || wish.show_config) {
    const show = wish.show_config_json ? showConfigJson : showConfig;
    terminal.out(show(loaded.config, loaded.catalog));
  }
  if (loaded.faults.length > 0) throw new StartupFault(loaded.faults);
  if (wish.show_config_json || wish.show_config) return 0;
  return runProgram(name, loaded, parsed, terminal, programs);
}

async function runProgram(
  name: CommandName,
  loaded: LoadedConfig,
  parsed: ParsedArguments,
  terminal: Terminal,
  programs: Programs,
): Promise<number> {
  const level = loaded.config.of(JupyterHubClass).log_level;
  const log = createLogger({
    level,
    json: parsed.flags.has('log-json'),
    write: (line) => terminal.err(line),
  });
  for (const note of loaded.notes) log.debug(note);
  for (const warning of loaded.warnings) log.warn(warning);
  if (name === 'hub') {
    return programs.start({
      loaded,
      log,
      terminal,
      resetPasswords: parsed.flags.has('reset-passwords'),
      inMemory: parsed.flags.has('no-db'),
    });
  }
  await using offline = await programs.openOffline({ loaded, log, terminal });
  return name === 'token'
    ? await tokenCommand(offline, terminal, parsed.positionals)
    : await upgradeDbCommand(offline, terminal);
}

function checkPositionals(name: CommandName, { positionals }: ParsedArguments): void {
  if (name === 'token' && positionals.length > 1)
    throw new StartupFault(['token takes exactly one user name']);
  if (name === 'config') {
    if (positionals[0] === 'convert' && positionals.length === 1) return;
    throw new StartupFault(['config takes one word: anteroom config convert [-f FILE] [-o FILE]']);
  }
  if (name !== 'token' && positionals.length > 0) {
    throw new StartupFault([
      `unexpected ${positionals.join(' ')}; settings are written --Class.setting=value`,
    ]);
  }
}

/** The last value that a flag gave to a trait, before any configuration is read. */
function textOf(parsed: ParsedArguments, className: string, trait: string): string | undefined {
  const setting = parsed.sections.get(className)?.get(trait)?.at(-1);
  return setting?.kind === 'texts' ? setting.texts.at(-1) : undefined;
}

function answersYes(parsed: ParsedArguments): boolean {
  const text = textOf(parsed, 'JupyterHub', 'answer_yes');
  if (text === undefined) return false;
  try {
    return boolKind.parseString(text);
  } catch (error) {
    throw new StartupFault([`-y: ${messageOf(error)}`]);
  }
}
