/** The catalogue of words of our pages: `templates/messages.en.json`, with arguments in the simple form `{name}`. */
import { readFileSync } from 'node:fs';

export type Words = (key: string, values: Readonly<Record<string, unknown>>) => string;

export function readWords(path: string): Words {
  const messages = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, string>>;
  return (key, values) =>
    (messages[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) =>
      name in values ? String(values[name]) : whole,
    );
}
