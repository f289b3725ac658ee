/**
 * Remembers which private modes (DECSET: alternate screen, mouse, bracketed paste, hidden cursor ...) were on
 * at the end of the output seen so far. It is fed what falls out of the replay ring, so that a replay that
 * starts in the middle of vim starts on vim's screen.
 */
const INTRODUCER = Buffer.from('\u001b[?');
const PARAMETERS = /^([0-9;]{1,64})([hl])/;
/** Longest sequence looked at; what may be cut by the border of two blocks is carried over. */
const MAX_SEQUENCE = 80;
/** Modes worth restoring, in the order in which they are written. */
const KNOWN: readonly number[] = [
  1, 6, 7, 25, 47, 1047, 1049, 9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004,
];
/** On without being asked. */
const ON_BY_DEFAULT: ReadonlySet<number> = new Set([7, 25]);

export class ModeTracker {
  readonly #changed = new Map<number, boolean>();
  #carry: Buffer = Buffer.alloc(0);

  feed(block: Buffer): void {
    const data = this.#carry.length > 0 ? Buffer.concat([this.#carry, block]) : block;
    let at = data.indexOf(INTRODUCER);
    while (at !== -1) {
      const after = at + INTRODUCER.length;
      const match = PARAMETERS.exec(data.toString('latin1', after, after + MAX_SEQUENCE));
      if (match) this.#set(match[1] ?? '', match[2] === 'h');
      at = data.indexOf(INTRODUCER, after);
    }
    // What a cut sequence has in this block: fed again with the next. Setting a mode twice does no harm.
    const last = data.lastIndexOf(0x1b);
    const cut = last !== -1 && data.length - last < MAX_SEQUENCE;
    this.#carry = cut ? Buffer.from(data.subarray(last)) : Buffer.alloc(0);
  }

  /** Sequences that bring a fresh emulator into the remembered modes. */
  restore(): string {
    return KNOWN.flatMap((mode) => {
      const on = this.#changed.get(mode);
      return on === undefined || on === ON_BY_DEFAULT.has(mode) ? [] : [`\u001b[?${mode}${on ? 'h' : 'l'}`];
    }).join('');
  }

  #set(parameters: string, on: boolean): void {
    for (const parameter of parameters.split(';')) {
      const mode = Number(parameter);
      if (KNOWN.includes(mode)) this.#changed.set(mode, on);
    }
  }
}
