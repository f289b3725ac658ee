import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idnaSubdomain, legacySubdomain } from './subdomains.js';

interface Vectors {
  readonly domain: string;
  readonly vectors: readonly {
    readonly name: string;
    readonly idna: string;
    readonly idnaService: string;
    readonly legacy: string;
    readonly legacyService: string;
  }[];
}

const { domain, vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../test/fixtures/subdomain-vectors.json'), 'utf8'),
) as Vectors;

/** Python's `re.IGNORECASE` takes these four for ASCII letters; a host name with them is another one for browsers. */
const MISTAKEN = /[\u0130\u0131\u017f\u212a]/;

describe('subdomains', () => {
  it.each(vectors.filter(({ name }) => !MISTAKEN.test(name)))(
    'of $name are those of JupyterHub',
    (vector) => {
      expect({
        name: vector.name,
        idna: idnaSubdomain(vector.name, domain, 'user'),
        idnaService: idnaSubdomain(vector.name, domain, 'service'),
        legacy: legacySubdomain(vector.name, domain, 'user'),
        legacyService: legacySubdomain(vector.name, domain, 'service'),
      }).toEqual(vector);
    },
  );

  it('never take a letter for the ASCII one that browsers would make of it', () => {
    const theirs = vectors.filter(({ name }) => MISTAKEN.test(name)).map(({ idna }) => idna);
    expect(theirs).toContain(`\u017fam.${domain}`);
    expect(idnaSubdomain('\u017fam', domain, 'user')).toBe(`u-am--3c7375a.${domain}`);
    for (const { name } of vectors.filter((each) => MISTAKEN.test(each.name))) {
      expect(idnaSubdomain(name, domain, 'user')).toMatch(/^[a-z0-9.-]+$/);
    }
  });

  it('are one label that DNS takes, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }), (name) => {
        const [label = '', ...rest] = idnaSubdomain(name, domain, 'user').split('.');
        expect(rest.join('.')).toBe(domain);
        expect(label).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i);
      }),
    );
  });
});
