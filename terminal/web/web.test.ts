import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanPaste, clipboardWrite, isReply } from './safety.js';
import { TEXTS, text } from './texts.js';

describe('what programs and clipboards may not do', () => {
  it('end a bracketed paste from within', () => {
    const end = fc.constantFrom('\u001b[201~', '\u009b201~', '\u001b[20', '1~', '\u001b', '[201~', 'x');
    fc.assert(
      fc.property(fc.array(end, { maxLength: 12 }), (parts) => {
        const clean = cleanPaste(parts.join(''));
        expect(clean).not.toContain('\u001b[201~');
        expect(clean).not.toContain('\u009b201~');
      }),
    );
    expect(cleanPaste('plain\ntext')).toBe('plain\ntext');
  });

  it('read the clipboard, or write without limit', () => {
    expect(clipboardWrite(`c;${Buffer.from('hällo').toString('base64')}`)).toBe('hällo');
    for (const bad of ['c;?', 'c;', 'c', ';', 'c;!!!', `c;${'A'.repeat(200_000)}`]) {
      expect(clipboardWrite(bad), bad.slice(0, 9)).toBeUndefined();
    }
  });

  it('have questions answered that are only replayed, while keys pass', () => {
    for (const reply of [
      '\u001b[?1;2c',
      '\u001b[>0;276;0c',
      '\u001b[12;40R',
      '\u001b[0n',
      '\u001b[?2004;1$y',
      '\u001b]11;rgb:0/0/0\u0007',
      '\u001bP1$r0m\u001b\\',
      '\u001b[I',
    ]) {
      expect(isReply(reply), JSON.stringify(reply)).toBe(true);
    }
    for (const key of [
      'a',
      '\r',
      '\u001b',
      '\u001b[A',
      '\u001bOP',
      '\u001b[15~',
      '\u0003',
      '\u001bb',
      'ls\r',
    ]) {
      expect(isReply(key), JSON.stringify(key)).toBe(false);
    }
  });
});

describe('the looks', () => {
  const css = readFileSync(join(import.meta.dirname, 'style.css'), 'utf8');

  function luminance(colour: string): number {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  const blocks = [...css.matchAll(/\{([^{}]*--bg:[^{}]*)\}/g)].map((match) =>
    Object.fromEntries(
      [...(match[1] ?? '').matchAll(/--(\S+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]),
    ),
  );

  it('exist light, dark by the system, and dark by choice', () => {
    expect(blocks).toHaveLength(3);
    expect(blocks[1]).toEqual(blocks[2]);
  });

  it.each([0, 1])('have contrast in scheme %i (WCAG AA)', (index) => {
    const colours = blocks[index] ?? {};
    for (const name of ['text', 'muted', 'ok', 'warn', 'bad']) {
      for (const ground of ['bg', 'surface']) {
        expect(
          contrast(colours[name] ?? '', colours[ground] ?? ''),
          `${name} on ${ground}`,
        ).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast(colours['accent-text'] ?? '', colours['accent'] ?? '')).toBeGreaterThanOrEqual(4.5);
    for (const name of ['line', 'focus']) {
      expect(contrast(colours[name] ?? '', colours['surface'] ?? ''), name).toBeGreaterThanOrEqual(
        name === 'line' ? 2.5 : 3,
      );
    }
  });
});

describe('texts', () => {
  it('have all their values filled in', () => {
    expect(text('bannerEnded', { code: 3 })).toBe('The shell has ended with code 3.');
    for (const message of Object.values(TEXTS)) expect(message).toMatch(/^(?:[^{}]|\{\w+\})+$/);
  });
});
