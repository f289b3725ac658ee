/** Names as people paste them: one a line, or with commas or semicolons between. Each once, in order. */
export function namesIn(text: string): readonly string[] {
  const names = text.split(/[\n\r,;]+/).map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}
