/** What a configuration printed or raised, without the secrets we know of. Pure. */
import type { Sections } from '../recorder.js';

const SECRET_NAME = /secret|passw|token|key|crypt|credential/i;
/** Shorter texts would blank half of a sentence, and are no secrets worth the name. */
const SHORTEST = 6;
const BLANK = '[secret]';

/** Blanks the values of variables and settings whose names speak of secrets, wherever they stand in the text. */
export function withoutSecrets(
  text: string,
  environments: ReadonlyArray<Readonly<Record<string, string | null | undefined>>>,
  sections: Sections,
): string {
  const secrets = new Set<string>();
  for (const [name, value] of environments.flatMap((each) => Object.entries(each)))
    if (SECRET_NAME.test(name)) collect(value, secrets);
  for (const traits of sections.values()) {
    for (const [name, settings] of traits) collectNamed(name, settings.map(contentOf), secrets);
  }
  let clean = text;
  // the longest first: one may be part of another
  for (const secret of [...secrets].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(secret, BLANK);
  return clean;
}

function contentOf(setting: {
  readonly kind: string;
  readonly value?: unknown;
  readonly operations?: unknown;
}) {
  return setting.kind === 'value' ? setting.value : setting.operations;
}

/** All texts below a name of secrets; below another name, whatever is named so there. */
function collectNamed(name: string, value: unknown, into: Set<string>): void {
  if (SECRET_NAME.test(name)) {
    collect(value, into);
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const each of value as Iterable<unknown>) collectNamed('', each, into);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [key, each] of Object.entries(value)) collectNamed(key, each, into);
  }
}

function collect(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.length >= SHORTEST) into.add(value);
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const each of value as Iterable<unknown>) collect(each, into);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const each of Object.values(value)) collect(each, into);
  }
}
