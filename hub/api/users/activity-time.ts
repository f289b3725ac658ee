/** The times that `POST /users/:name/activity` reports. */
import type { JsonValue } from '../../../core/model/json.js';
import { isoTimestamp, type Timestamp, timestamp } from '../../../core/model/time.js';
import { httpError } from '../../http/errors.js';
import { pythonRepr } from '../../http/python-text.js';

const MAX_FUTURE_MS = 59 * 60 * 1000;
/** ISO 8601 also writes a day's end as 24:00; dateutil knows no such hour. */
const LAST_HOUR = 23;
const ISO =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * ISO 8601, naive times being UTC; other forms that Python's dateutil also guesses at go through `Date`.
 * @throws Fault 400 when it is no time, or more than 59 minutes ahead
 */
export function parseActivity(value: JsonValue, nowMs: number): Timestamp {
  const millis = typeof value === 'string' ? millisOf(value.trim()) : Number.NaN;
  if (!Number.isFinite(millis) || millis < 0 || millis > 253_402_300_799_999) {
    throw httpError(400, `Not a valid timestamp: ${pythonRepr(value)}`);
  }
  const time = timestamp(millis);
  if (millis - nowMs > MAX_FUTURE_MS) {
    throw httpError(400, `Rejecting activity from more than an hour in the future: ${isoTimestamp(time)}`);
  }
  return time;
}

function millisOf(text: string): number {
  if (text.length > 64) return Number.NaN;
  const match = ISO.exec(text);
  if (!match) return otherMillis(text);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const offset = /^[+-]/.test(zone)
    ? zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_all, h, m) => `${h}:${m ?? '00'}`)
    : 'Z';
  if (!isDay(Number(year), Number(month), Number(day)) || Number(hour) > LAST_HOUR) return Number.NaN;
  const whole = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`);
  const micros = Number(`${fraction}000000`.slice(0, 6));
  return whole + micros / 1000;
}

/** A day that not every month has, in a text that is not ISO. */
const LATE_DAY = /(?<![\d:.+])(29|30|31)(?![\d:.])/;

function otherMillis(text: string): number {
  const [, day] = LATE_DAY.exec(text) ?? [];
  if (day !== undefined) {
    // Every month has a 15th, which is in that month whatever the zone.
    const inMonth = new Date(Date.parse(text.replace(LATE_DAY, '15')));
    if (!isDay(inMonth.getUTCFullYear(), inMonth.getUTCMonth() + 1, Number(day))) return Number.NaN;
  }
  return Date.parse(text);
}

/** `Date` takes 30 February for 1 March. */
function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
