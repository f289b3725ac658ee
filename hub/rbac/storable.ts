/** Whether a database can hold, or be asked for, this text: PostgreSQL refuses NUL. No name has one. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000');
}
