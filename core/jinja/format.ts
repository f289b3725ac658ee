/** Python's two ways to put values into a text: `'%s'` and `'{}'`, without the rarer conversions. */
import { TemplateProblem } from './values.js';

const PERCENT = /%(?:\((\w+)\))?([-0+ ]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g;

/**
 * `'%s is %d' % (a, b)`
 * @param arguments_ one value, a list of values, or an object for `%(name)s`
 */
export function formatPercent(text: string, arguments_: unknown): string {
  const list = Array.isArray(arguments_) ? [...arguments_] : [arguments_];
  return text.replace(
    PERCENT,
    (
      whole,
      name: string | undefined,
      flags: string,
      width: string,
      digits: string | undefined,
      kind: string,
    ) => {
      if (kind === '%') return '%';
      if (name === undefined && list.length === 0) throw new TemplateProblem(`no value for ${whole}`);
      const value =
        name === undefined ? list.shift() : (arguments_ as Readonly<Record<string, unknown>>)[name];
      return pad(converted(value, kind, digits, whole), flags, Number(width));
    },
  );
}

function converted(value: unknown, kind: string, digits: string | undefined, whole: string): string {
  if (kind === 's' || kind === 'r') return String(value);
  const number = Number(value);
  if (Number.isNaN(number)) throw new TemplateProblem(`${whole} needs a number`);
  if (kind === 'd' || kind === 'i') return String(Math.trunc(number));
  if (kind === 'f' || kind === 'F') return fixed(number, Number(digits ?? 6));
  if (kind === 'x') return Math.trunc(number).toString(16);
  throw new TemplateProblem(`${whole} is not available; there are %s, %d, %f and %x`);
}

function pad(text: string, flags: string, width: number): string {
  const wanted = Math.min(width, 1000);
  if (flags.includes('-')) return text.padEnd(wanted);
  return text.padStart(wanted, flags.includes('0') ? '0' : ' ');
}

/** `'{} {0} {name}'.format(...)`; a format after a colon may only be `.Nf` or `,`. */
export function formatBraces(
  text: string,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{(\w*)(?::([^}]*))?\}/g,
    (whole, key: string | undefined, format: string | undefined) => {
      if (whole === '{{' || whole === '}}') return whole.charAt(0);
      const value =
        key === ''
          ? positional[next++]
          : /^\d+$/.test(key ?? '')
            ? positional[Number(key)]
            : named[key ?? ''];
      if (value === undefined) throw new TemplateProblem(`no value for ${whole}`);
      return format === undefined ? String(value) : shaped(value, format, whole);
    },
  );
}

function shaped(value: unknown, format: string, whole: string): string {
  const [, comma, digits] = /^(,?)(?:\.(\d{1,2})f)?$/.exec(format) ?? [];
  if (comma === undefined) throw new TemplateProblem(`${whole} is not available; there are {:.2f} and {:,}`);
  const number = digits === undefined ? String(Number(value)) : fixed(Number(value), Number(digits));
  return comma === '' ? number : number.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}

/** Decimals beyond which a half is taken to be exact. */
const BEYOND = 30;

/** Decimals as Python rounds them: an exact half goes to the even digit, where JavaScript goes up. */
export function fixed(value: number, digits: number): string {
  const wanted = Math.min(digits, 100 - BEYOND);
  const exact = value.toFixed(wanted + BEYOND);
  const kept = exact.slice(0, -BEYOND).replace(/\.$/, '');
  const isTie = exact.slice(-BEYOND) === `5${'0'.repeat(BEYOND - 1)}`;
  return isTie && /[02468]$/.test(kept) ? kept : value.toFixed(wanted);
}
