import { expect, it } from 'vitest';
import { freePort } from './port.js';

it('gives no port to two servers that start at once', async () => {
  const ports = [40_001, 40_001, 40_001, 40_002];
  const kernel = async (): Promise<number> => ports.shift() ?? 0;
  expect(await Promise.all([freePort('127.0.0.1', kernel), freePort('127.0.0.1', kernel)])).toEqual([
    40_001, 40_002,
  ]);
});

it('gives up with the reason when the kernel has no other', async () => {
  const kernel = async (): Promise<number> => 40_003;
  await freePort('', kernel);
  await expect(freePort('', kernel)).rejects.toMatchObject({ code: 'SPAWN_NO_PORT' });
});

it('says which address cannot be bound', async () => {
  await expect(freePort('192.0.2.1')).rejects.toThrow('"192.0.2.1"');
});
