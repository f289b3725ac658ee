/** What Handlebars' parser and compiler throw, as a person can read it: a line, and the text before the place. */
import { messageOf } from '../../core/fault.js';
import { SyntaxFault } from '../../core/jinja/parser.js';

export function handlebarsFault(error: unknown): SyntaxFault {
  const message = messageOf(error);
  // the parser goes on with its tokens (`Expecting 'CLOSE_RAW_BLOCK', …`), which stand in no template
  const parsing = /^(.*) on line (\d+):\n(.*)\n(-*)\^\n.*?(?:got '(\w+)')?$/s.exec(message);
  if (parsing) {
    const [, what = '', line, text = '', dashes = '', token] = parsing;
    const problem = token === 'EOF' ? 'the file ends before everything is closed' : what;
    return new SyntaxFault(`${problem}, after ${JSON.stringify(text.slice(0, dashes.length))}`, Number(line));
  }
  const placed = /^(.*) - (\d+):\d+$/s.exec(message);
  return placed ? new SyntaxFault(placed[1] ?? '', Number(placed[2])) : new SyntaxFault(message, 1);
}
