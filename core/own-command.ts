import { distScript } from './package-root.js';

const SCRIPTS: Readonly<Record<string, string>> = {
  'anteroom-singleuser': 'terminal/server/main.js',
  'anteroom-proxy': 'proxy/server/main.js',
};

/** Our own names mean our own scripts, by absolute path, whatever PATH says; other commands stay as they are. */
export function ownCommand(command: readonly string[]): readonly string[] {
  const [name = '', ...rest] = command;
  const script = Object.hasOwn(SCRIPTS, name) ? SCRIPTS[name] : undefined;
  return script === undefined ? command : [process.execPath, distScript(script), ...rest];
}
