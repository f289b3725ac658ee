import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stockTemplates } from './renderer.js';

/** WCAG 2.2: text 4.5:1, controls and focus 3:1, in both themes. */
const css = readFileSync(join(stockTemplates(), 'static/anteroom.css'), 'utf8');

function tokens(selector: string): ReadonlyMap<string, string> {
  const start = css.indexOf(`${selector} {`);
  if (start < 0) throw new Error(`no ${selector} in anteroom.css`);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1] ?? '', m[2] ?? '']));
}

function luminance(hex: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe.each([
  ['light', ':root'],
  ['dark', ':root[data-theme="dark"]'],
  ['dark by the system', ':root:not([data-theme="light"])'],
])('colours, %s', (_name, selector) => {
  const colours = tokens(selector);
  const of = (name: string): string => {
    const colour = colours.get(name);
    if (colour === undefined) throw new Error(`no --${name} in ${selector}`);
    return colour;
  };

  it.each(['text', 'muted', 'accent', 'ok', 'warn', 'bad'])('--%s reads on both backgrounds', (name) => {
    expect(contrast(of(name), of('bg'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of(name), of('surface'))).toBeGreaterThanOrEqual(4.5);
  });

  it('the filled buttons read, controls and focus are visible', () => {
    expect(contrast(of('accent-text'), of('accent'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of('accent-text'), of('bad'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of('control-line'), of('surface'))).toBeGreaterThanOrEqual(3);
    expect(contrast(of('focus'), of('bg'))).toBeGreaterThanOrEqual(3);
  });
});
