/** The catalogue of words of our pages: `templates/messages.en.json`, in the format of `messages.ts`. */
import { readFileSync } from 'node:fs';
import { formatMessage } from './messages.js';

export type Words = (key: string, values: Readonly<Record<string, unknown>>) => string;

export function readWords(path: string): Words {
  const messages = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, string>>;
  return (key, values) => formatMessage(messages[key] ?? key, values);
}
