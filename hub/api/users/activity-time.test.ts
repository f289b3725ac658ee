import { describe, expect, it } from 'vitest';
import { parseActivity } from './activity-time.js';

const NOW = Date.UTC(2024, 5, 1);

describe('a time of activity', () => {
  it.each([
    ['2024-02-29T00:00:00Z', '2024-02-29 00:00:00.000000'],
    ['20240229T235959Z', '2024-02-29 23:59:59.000000'],
    ['2024-02-20T12:00:00.123456+02:00', '2024-02-20 10:00:00.123456'],
    ['Feb 29 2024 10:31:30 GMT', '2024-02-29 10:31:30.000000'],
    ['2024/01/31 00:00:00 +00:30', '2024-01-30 23:30:00.000000'],
    ['2024-02-20', '2024-02-20 00:00:00.000000'],
  ])('%s is one', (text, time) => {
    expect(parseActivity(text, NOW)).toBe(time);
  });

  it.each([
    '2024-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2024-04-31',
    '20240230',
    '2024-02-20T24:00:00Z',
    '2024-02-20 24:00',
    '2024-13-01',
    '2024-02-20T23:60:00Z',
    'Feb 30 2024',
    '2024/02/30',
    '2024-2-30',
    '02/30/2024 10:31 GMT',
    'Thu, 30 Feb 2024 00:00:00 GMT',
    'not a time',
  ])('%s is none', (text) => {
    const message = `Not a valid timestamp: '${text}'`;
    expect(() => parseActivity(text, NOW)).toThrow(expect.objectContaining({ status: 400, message }));
  });
});
