/**
 * One label of a host name in letters of any script: valid by IDNA 2008 (RFC 5891 to 5893), and its ASCII form. Strict
 * as the Python package `idna` is, nothing is mapped: capitals and compatibility forms are not valid. Which characters
 * there are is the business of this runtime's Unicode.
 */
import { domainToASCII, domainToUnicode } from 'node:url';

/** Longest label that DNS takes (RFC 1035 section 2.3.4). */
const MAX_LABEL = 63;

/** `xn--…` for a valid label with characters beyond ASCII; `undefined` for any other text. */
export function asciiLabel(label: string): string | undefined {
  if (!/\P{ASCII}/u.test(label) || !isValid(label)) return undefined;
  // Writes Punycode (RFC 3492), and holds the rules for joiners (RFC 5892 A.1, A.2).
  const ascii = domainToASCII(label);
  if (ascii === '' || ascii.length > MAX_LABEL || domainToUnicode(ascii) !== label) return undefined;
  return ascii;
}

/** RFC 5891 section 4.2, less what `domainToASCII` looks at. */
function isValid(label: string): boolean {
  if (label.normalize('NFC') !== label) return false;
  if (label.startsWith('-') || label.endsWith('-') || label.slice(2, 4) === '--') return false;
  if (/^\p{M}/u.test(label)) return false;
  const points = [...label];
  return hasOneDirection(points) && points.every((point, at) => isPermitted(points, point, at));
}

function isPermitted(points: readonly string[], point: string, at: number): boolean {
  if (NEEDS_CONTEXT.test(point)) return fitsContext(points, at);
  if (ALWAYS.has(point)) return true;
  if (NEVER.has(point) || UNSTABLE.test(point) || UNFIT_BLOCK.test(point)) return false;
  return LETTER_OR_DIGIT.test(point);
}

/** RFC 5892 section 2.6 (the exceptions) and the joiners of 2.8. */
const ALWAYS: ReadonlySet<string> = new Set('\u00df\u03c2\u06fd\u06fe\u0f0b\u3007\u200c\u200d');
const NEVER: ReadonlySet<string> = new Set('\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b');
/** Section 2.1: letters, marks and digits. */
const LETTER_OR_DIGIT = /^[-\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
/** Sections 2.2 to 2.4: what normal forms change, and what is not seen. */
const UNSTABLE =
  /^[\p{Changes_When_NFKC_Casefolded}\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}]$/u;
/** Sections 2.4 and 2.9: marks for symbols and music, and the letters that old Hangul syllables are made of. */
const UNFIT_BLOCK =
  /^(?:[\u20d0-\u20ff]|[\u{1d100}-\u{1d24f}]|[\u1100-\u11ff]|[\ua960-\ua97c]|[\ud7b0-\ud7c6]|[\ud7cb-\ud7fb])$/u;

/** RFC 5892 appendix A.3 to A.9. */
const NEEDS_CONTEXT = /^[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]$/u;

function fitsContext(points: readonly string[], at: number): boolean {
  const before = points[at - 1] ?? '';
  const after = points[at + 1] ?? '';
  switch (points[at]) {
    case '\u00b7':
      return before === 'l' && after === 'l';
    case '\u0375':
      return /^\p{Script=Greek}$/u.test(after);
    case '\u05f3':
    case '\u05f4':
      return /^\p{Script=Hebrew}$/u.test(before);
    case '\u30fb':
      return points.some((each) => /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]$/u.test(each));
    default:
      // Arabic-Indic digits and their extended forms are not mixed.
      return !(
        points.some((each) => /[\u0660-\u0669]/.test(each)) &&
        points.some((each) => /[\u06f0-\u06f9]/.test(each))
      );
  }
}

/** Blocks that are written from right to left (DerivedBidiClass.txt, its defaults), with their marks and digits. */
const RIGHT_TO_LEFT = /^[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]$/u;
const ARABIC_DIGIT = /^[\u0660-\u0669\u{10d30}-\u{10d39}]$/u;
const EUROPEAN_DIGIT = /^[0-9\u06f0-\u06f9]$/;
const MARK = /^\p{Mn}$/u;

/** RFC 5893 section 2: once something is written from right to left, all of the label is, save digits and hyphens inside. */
function hasOneDirection(points: readonly string[]): boolean {
  const kinds = points.map(directionOf);
  if (!kinds.includes('right') && !kinds.includes('arabic')) return true;
  if (kinds[0] !== 'right' || kinds.includes('left')) return false;
  const last = kinds.findLast((kind) => kind !== 'mark');
  if (last === 'neutral') return false;
  return !(kinds.includes('arabic') && kinds.includes('european'));
}

function directionOf(point: string): 'left' | 'right' | 'arabic' | 'european' | 'mark' | 'neutral' {
  if (MARK.test(point)) return 'mark';
  if (ARABIC_DIGIT.test(point)) return 'arabic';
  if (EUROPEAN_DIGIT.test(point)) return 'european';
  if (RIGHT_TO_LEFT.test(point)) return 'right';
  return /^[-\u200c\u200d]$/.test(point) ? 'neutral' : 'left';
}
