/** `JupyterHub.jinja_environment_options`: what of Python's template engine can be set here. */
import type { WhitespaceOptions } from '../../core/jinja/parser.js';

const WHITESPACE = ['trim_blocks', 'lstrip_blocks'];
/** What pages do in any case. */
const FIXED: Readonly<Record<string, unknown>> = { autoescape: true, enable_async: true };
const REASONS: Readonly<Record<string, string>> = {
  autoescape: 'everything is escaped; mark what is HTML with | safe',
  extensions: 'extensions of Python’s template engine cannot run here',
  undefined: 'an undefined variable prints nothing, as by default',
};

/** @param faults takes one line for each option that cannot be had */
export function readWhitespaceOptions(
  given: Readonly<Record<string, unknown>>,
  faults: string[],
): WhitespaceOptions {
  for (const [name, value] of Object.entries(given)) {
    if (WHITESPACE.includes(name)) {
      if (typeof value !== 'boolean')
        faults.push(`c.JupyterHub.jinja_environment_options: ${name} is true or false`);
    } else if (FIXED[name] !== value || value === undefined) {
      const reason = REASONS[name] ?? `there are ${[...WHITESPACE, 'autoescape (true)'].join(', ')}`;
      faults.push(`c.JupyterHub.jinja_environment_options: ${name} cannot be set; ${reason}`);
    }
  }
  return { trimBlocks: given['trim_blocks'] === true, lstripBlocks: given['lstrip_blocks'] === true };
}
