/**
 * Texts in ICU's message format, as far as the pages use it: `{name}` and `{count, plural, one {# server} other
 * {# servers}}` (https://unicode-org.github.io/icu/userguide/format_parse/messages/). Branches hold no braces.
 */
const PLURAL = /\{(\w+), plural, ((?:\w+ \{[^{}]*\} ?)+)\}/g;
const BRANCH = /(\w+) \{([^{}]*)\}/g;

export function formatMessage(
  message: string,
  values: Readonly<Record<string, unknown>>,
  lang = 'en',
): string {
  const chosen = message.replace(PLURAL, (whole, name: string, branches: string) => {
    const count = Number(values[name]);
    if (!(name in values) || Number.isNaN(count)) return whole;
    const texts = new Map([...branches.matchAll(BRANCH)].map(([, key = '', text = '']) => [key, text]));
    const text = texts.get(new Intl.PluralRules(lang).select(count)) ?? texts.get('other') ?? whole;
    return text.replaceAll('#', String(count));
  });
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}
