import { expect, it } from 'vitest';
import { outputTail } from './output-tail.js';

const tail = (text: string, characters?: number): string => outputTail(Buffer.from(text), characters);

it('shows last lines that no terminal obeys', () => {
  expect(tail('one\n\n\u001b[31mtwo\u001b[0m\r\n\tth\u0007ree\u202e\n')).toBe('one\ntwo\n three?');
  const many = Array.from({ length: 30 }, (_value, index) => `line ${index}`);
  expect(tail(many.join('\n'))).toBe(many.slice(-20).join('\n'));
  expect(tail('x'.repeat(600))).toBe('x'.repeat(500));
  expect(tail('')).toBe('');
});

it('keeps the last of them where there is no room for all', () => {
  expect(tail('one\ntwo\nthree', 9)).toBe('two\nthree');
  expect(tail('one\ntwo\nthree', 2)).toBe('three');
});
