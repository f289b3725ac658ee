/** Patterns as those of file names (Python's fnmatch): `*`, `?`, `[abc]`, `[!abc]`; all else means itself. */

/** @throws SyntaxError for a range that ends before it begins */
export function filePattern(pattern: string): RegExp {
  return new RegExp(`^(?:${expressionOf(pattern)})$`, 'su');
}

function expressionOf(pattern: string): string {
  let out = '';
  for (let at = 0; at < pattern.length; at++) {
    const unit = pattern[at] ?? '';
    if (unit === '*') {
      // Several in a row are one: each more would cost the matcher a power.
      if (!out.endsWith('.*')) out += '.*';
    } else if (unit === '?') out += '.';
    else if (unit === '[') {
      const end = endOfSet(pattern, at);
      out += end < 0 ? '\\[' : setOf(pattern.slice(at + 1, end));
      if (end >= 0) at = end;
    } else out += escaped(unit);
  }
  return out;
}

/** A `]` that comes first stands for itself. */
function endOfSet(pattern: string, at: number): number {
  const first = pattern[at + 1] === '!' ? at + 2 : at + 1;
  return pattern.indexOf(']', first + 1);
}

function setOf(inside: string): string {
  const negated = inside.startsWith('!');
  const body = (negated ? inside.slice(1) : inside).replace(/[\\\]^[]/g, '\\$&');
  return `[${negated ? '^' : ''}${body}]`;
}

function escaped(unit: string): string {
  return unit.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}
