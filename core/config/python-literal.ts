import { TraitError } from './kind.js';

/**
 * Python's `ast.literal_eval` for what a command line holds: None, True, False, numbers, strings, lists,
 * tuples, sets and dictionaries. JSON's `null`, `true` and `false` are taken too. A tuple becomes an array.
 *
 * @throws TraitError when the text is not such a literal.
 */
export function pythonLiteral(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

const MAX_DEPTH = 64;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['None', null],
  ['null', null],
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
]);
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\u0007',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
  '/': '/',
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail();
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) this.#fail();
    this.#blanks();
    const next = this.#text[this.#at];
    if (next === '[') return this.#items('[', ']', depth).items;
    if (next === '(') return this.#tuple(depth);
    if (next === '{') return this.#braces(depth);
    const prefix = /^[bBuU]?(?=["'])/.exec(this.#slice());
    if (prefix) {
      this.#at += prefix[0].length;
      return this.#string();
    }
    return /[A-Za-z]/.test(next ?? '') ? this.#word() : this.#number();
  }

  #slice(): string {
    return this.#text.slice(this.#at);
  }

  #word(): unknown {
    const word = /^[A-Za-z]+/.exec(this.#slice())?.[0] ?? '';
    if (!WORDS.has(word)) this.#fail();
    this.#at += word.length;
    return WORDS.get(word);
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) return this.#fail();
    this.#at += found.length;
    const sign = found.startsWith('-') ? -1 : 1;
    return sign * Number(found.replace(/^[+-]/, '').replaceAll('_', ''));
  }

  #string(): string {
    const quote = this.#text[this.#at];
    let result = '';
    for (this.#at += 1; this.#at < this.#text.length; ) {
      const character = this.#text[this.#at] as string;
      this.#at += 1;
      if (character === quote) return result;
      result += character === '\\' ? this.#escape() : character;
    }
    return this.#fail();
  }

  #escape(): string {
    const coded = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/.exec(this.#slice());
    if (coded) {
      this.#at += coded[0].length;
      const code = Number.parseInt(coded[1] ?? coded[2] ?? coded[3] ?? '', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : this.#fail();
    }
    const letter = this.#text[this.#at];
    if (letter === undefined) return this.#fail();
    this.#at += 1;
    return ESCAPES[letter] ?? `\\${letter}`;
  }

  #items(open: string, close: string, depth: number): { items: unknown[]; comma: boolean } {
    this.#take(open);
    const items: unknown[] = [];
    let comma = false;
    while (!this.#tryTake(close)) {
      if (items.length > 0 && !comma) this.#fail();
      items.push(this.value(depth + 1));
      comma = this.#tryTake(',');
    }
    return { items, comma };
  }

  #tuple(depth: number): unknown {
    const { items, comma } = this.#items('(', ')', depth);
    return items.length === 1 && !comma ? items[0] : items;
  }

  #braces(depth: number): unknown {
    this.#take('{');
    const keys: unknown[] = [];
    const values: unknown[] = [];
    let comma = false;
    while (!this.#tryTake('}')) {
      if (keys.length > 0 && !comma) this.#fail();
      keys.push(this.value(depth + 1));
      if (this.#tryTake(':')) values.push(this.value(depth + 1));
      comma = this.#tryTake(',');
      if (values.length !== 0 && values.length !== keys.length) this.#fail();
    }
    if (keys.length > 0 && values.length === 0) return new Set(keys);
    const record = Object.create(null) as Record<string, unknown>;
    for (const [index, key] of keys.entries()) record[String(key)] = values[index];
    return record;
  }

  #take(character: string): void {
    if (!this.#tryTake(character)) this.#fail();
  }

  #tryTake(character: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #fail(): never {
    throw new TraitError('a literal such as [1, "a"] or {"key": "value"}', this.#text);
  }
}
