/**
 * Times as JupyterHub's database holds them: naive UTC text `YYYY-MM-DD HH:MM:SS.ffffff`, always six
 * fraction digits (JupyterHub 6.1.1 on SQLite). The text form keeps microseconds
 * that a `Date` would lose, and sorts as time does, so no conversion stands on the hot path.
 */
declare const timestampBrand: unique symbol;
export type Timestamp = string & { readonly [timestampBrand]: true };

const PATTERN = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;

/** @param ms milliseconds since the epoch; fractions become microseconds */
export function timestamp(ms: number): Timestamp {
  const whole = Math.floor(ms);
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  const iso = new Date(whole).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, '0')}` as Timestamp;
}

/** `undefined` when the text is not in the database's form. */
export function parseTimestamp(text: string): Timestamp | undefined {
  return PATTERN.test(text) ? (text as Timestamp) : undefined;
}

/** Milliseconds since the epoch, with the microseconds as fraction. */
export function timestampMillis(time: Timestamp): number {
  return Date.parse(`${time.slice(0, 10)}T${time.slice(11, 23)}Z`) + Number(time.slice(23, 26)) / 1000;
}

/** JupyterHub's REST form: `T`, microseconds only when non-zero, trailing `Z` (utils.isoformat, 6.1.1). */
export function isoTimestamp(time: Timestamp): string {
  const base = `${time.slice(0, 10)}T${time.slice(11, 19)}`;
  return time.endsWith('.000000') ? `${base}Z` : `${base}${time.slice(19)}Z`;
}
