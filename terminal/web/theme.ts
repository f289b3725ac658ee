import type { ITheme } from '@xterm/xterm';

export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'anteroom-theme';
const ORDER: readonly ThemeChoice[] = ['system', 'light', 'dark'];

const DARK: ITheme = {
  background: '#11151b',
  foreground: '#e6eaf0',
  cursor: '#e6eaf0',
  cursorAccent: '#11151b',
  selectionBackground: '#3d5a80',
};
const LIGHT: ITheme = {
  background: '#ffffff',
  foreground: '#1a1f27',
  cursor: '#1a1f27',
  cursorAccent: '#ffffff',
  selectionBackground: '#b5d3f5',
  black: '#1a1f27',
  red: '#a3180f',
  green: '#146c2e',
  yellow: '#7a4b00',
  blue: '#0b5cad',
  magenta: '#8a2a8a',
  cyan: '#0a6673',
  white: '#5b6470',
  brightBlack: '#4b5563',
  brightRed: '#b3261e',
  brightGreen: '#1a7a36',
  brightYellow: '#855300',
  brightBlue: '#1767b8',
  brightMagenta: '#9a359a',
  brightCyan: '#0e7280',
  brightWhite: '#1a1f27',
};

export function storedTheme(): ThemeChoice {
  const stored = readPreference(KEY);
  return ORDER.find((choice) => choice === stored) ?? 'system';
}

export function nextTheme(choice: ThemeChoice): ThemeChoice {
  return ORDER[(ORDER.indexOf(choice) + 1) % ORDER.length] ?? 'system';
}

export function applyTheme(choice: ThemeChoice): ITheme {
  if (choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
  writePreference(KEY, choice);
  const dark =
    choice === 'dark' || (choice === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  return dark ? DARK : LIGHT;
}

/** `null` where the browser keeps nothing (private windows, blocked storage). */
export function readPreference(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch (error) {
    console.debug('preferences cannot be read', error);
    return null;
  }
}

export function writePreference(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch (error) {
    console.debug('preferences are not kept', error);
  }
}
