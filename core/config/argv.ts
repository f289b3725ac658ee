/**
 * The command line as traitlets reads it: `--Class.trait=value`, aliases that stand for a trait, flags that set
 * values. Knows no names of its own.
 */
import { nearest } from './nearest.js';
import type { Sections } from './recorder.js';
import type { Setting } from './tree.js';

export interface FlagMeaning {
  readonly help: string;
  /** `Class.trait` and its value. */
  readonly sets?: readonly (readonly [className: string, trait: string, value: unknown])[];
}

export interface CommandGrammar {
  /** Without dashes; one letter means a single dash. From alias to `Class.trait`. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, FlagMeaning>>;
}

export interface ParsedArguments {
  readonly sections: Sections;
  /** Flags that were given, by name. */
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
  readonly faults: readonly string[];
}

const CLASS_TRAIT = /^--?([A-Za-z]\w*)\.(\w+)$/;

export function parseArguments(argv: readonly string[], grammar: CommandGrammar): ParsedArguments {
  const reader = new ArgumentReader(grammar);
  const end = argv.indexOf('--');
  reader.read(end < 0 ? argv : argv.slice(0, end));
  return {
    ...reader.result(),
    positionals: [...reader.positionals, ...(end < 0 ? [] : argv.slice(end + 1))],
  };
}

class ArgumentReader {
  readonly positionals: string[] = [];
  readonly #grammar: CommandGrammar;
  readonly #texts = new Map<string, { readonly option: string; readonly texts: string[] }>();
  readonly #flags = new Set<string>();
  readonly #faults: string[] = [];

  constructor(grammar: CommandGrammar) {
    this.#grammar = grammar;
  }

  read(argv: readonly string[]): void {
    let current: { readonly texts: string[]; readonly option: string; open: boolean } | undefined;
    for (const argument of argv) {
      if (!isOption(argument)) {
        // as argparse: an option takes the one value that follows it; a list repeats the option
        if (current?.open) {
          current.texts.push(argument);
          current.open = false;
        } else this.positionals.push(argument);
        continue;
      }
      this.#close(current);
      current = this.#option(argument);
    }
    this.#close(current);
  }

  result(): Omit<ParsedArguments, 'positionals'> {
    const sections: Sections = new Map();
    const put = (className: string, trait: string, setting: Setting): void => {
      const section = sections.get(className) ?? new Map<string, Setting[]>();
      section.set(trait, [setting]);
      sections.set(className, section);
    };
    for (const [target, { option, texts }] of this.#texts) {
      const [className = '', trait = ''] = target.split('.');
      if (texts.length > 0)
        put(className, trait, { kind: 'texts', texts, source: `command line (${option})` });
    }
    // traitlets applies flags after values
    for (const flag of this.#flags) {
      for (const [className, trait, value] of this.#grammar.flags[flag]?.sets ?? []) {
        put(className, trait, { kind: 'value', value, source: `command line (--${flag})` });
      }
    }
    return { sections, flags: this.#flags, faults: this.#faults };
  }

  /** What was probably meant: a name that is near, or this one with the right number of dashes. */
  #hint(name: string): string {
    const { aliases, flags } = this.#grammar;
    const names = [...Object.keys(aliases), ...Object.keys(flags)];
    if (name.length === 1) return names.includes(name) ? `; did you mean -${name}?` : '';
    const near = nearest(
      name,
      names.filter((each) => each.length > 1),
    );
    return near === undefined ? '' : `; did you mean --${near}?`;
  }

  #close(current: { readonly option: string; readonly open: boolean } | undefined): void {
    if (current?.open) this.#faults.push(`${current.option} needs a value: ${current.option}=…`);
  }

  #option(argument: string): { texts: string[]; option: string; open: boolean } | undefined {
    const cut = argument.indexOf('=');
    const option = cut < 0 ? argument : argument.slice(0, cut);
    const name = option.replace(/^--?/, '');
    const rightDashes = option.startsWith('--') ? name.length > 1 : name.length === 1;
    if (Object.hasOwn(this.#grammar.flags, name) && rightDashes) {
      if (cut >= 0) this.#faults.push(`${option} takes no value`);
      this.#flags.add(name);
      return undefined;
    }
    const classTrait = CLASS_TRAIT.exec(option);
    const target = classTrait
      ? `${classTrait[1]}.${classTrait[2]}`
      : rightDashes && Object.hasOwn(this.#grammar.aliases, name)
        ? this.#grammar.aliases[name]
        : undefined;
    if (target === undefined) {
      this.#faults.push(`${option} is not an option${this.#hint(name) || '; --help lists them'}`);
      return cut < 0 ? { texts: [], option, open: false } : undefined;
    }
    const entry = this.#texts.get(target) ?? { option, texts: [] };
    this.#texts.set(target, entry);
    if (cut < 0) return { texts: entry.texts, option, open: true };
    entry.texts.push(argument.slice(cut + 1));
    return undefined;
  }
}

/** A negative number or a lone dash is a value. */
function isOption(argument: string): boolean {
  return argument.startsWith('-') && argument !== '-' && !/^-[\d.]/.test(argument);
}
