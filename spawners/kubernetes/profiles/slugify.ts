/**
 * A profile's slug made of its display name, as python-slugify 8 makes it. Beyond Latin letters that one transliterates
 * by tables that are not here: such a profile needs a slug of its own.
 */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };

/** What is no letter with a mark: letters of their own, signs that are spelt out, and typographic quotes. */
const SPELT: Readonly<Record<string, string>> = {
  Æ: 'AE', æ: 'ae', Œ: 'OE', œ: 'oe', ß: 'ss', Ø: 'O', ø: 'o', Đ: 'D', đ: 'd', Ð: 'D', ð: 'd', Þ: 'Th', þ: 'th',
  Ł: 'L', ł: 'l', Ħ: 'H', ħ: 'h', ı: 'i', '©': '(c)', '®': '(r)', '™': '(tm)', '€': 'EU', '£': 'PS', '°': 'deg',
  '½': '1/2', '¼': '1/4', '¾': '3/4', '×': 'x', '±': '+-', '·': '*', '–': '-', '—': '--', '‘': "'", '’': "'",
  '“': '"', '”': '"', '…': '...', '•': '*', '«': '<<', '»': '>>', '\u00a0': ' ',
}; // biome-ignore format: a table

/** @returns `undefined` for a name with characters that are not known here, or nothing but signs */
export function slugify(name: string): string | undefined {
  const spelt = [...name.replace(/'+/g, '-')].map((character) => SPELT[character] ?? character).join('');
  const plain = spelt.normalize('NFKD').replace(/\p{M}/gu, '');
  if (/[^\0-\x7f]/.test(plain)) return undefined;
  const slug = plain
    .replace(/&(amp|lt|gt|quot|nbsp);/g, (_whole, entity: string) => ENTITIES[entity] ?? '')
    .toLowerCase()
    .replace(/'+/g, '')
    .replace(/(?<=\d),(?=\d)/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug === '' ? undefined : slug;
}
