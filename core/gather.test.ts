import { describe, expect, it } from 'vitest';
import { Fault, StartupFault } from './fault.js';
import { gather } from './gather.js';

describe('steps of a start', () => {
  const fails = (error: Error) => (): never => {
    throw error;
  };

  it('give what each of them gives', async () => {
    expect(await gather({ a: () => 1, b: async () => 'two' })).toEqual({ a: 1, b: 'two' });
  });

  it('fail with the fault of the only one that fails', async () => {
    const fault = new Fault('PORT', 'taken');
    await expect(gather({ a: fails(fault), b: () => 1 })).rejects.toBe(fault);
  });

  it('fail with the lines of all that fail', async () => {
    const all = gather({
      a: fails(new StartupFault(['one', 'two'])),
      b: fails(new Fault('X', 'three', { detail: 'why' })),
    });
    await expect(all).rejects.toMatchObject({ faults: ['one', 'two', 'three (why)'] });
  });

  it('end with what is no fault of the configuration', async () => {
    const bug = new TypeError('a bug');
    await expect(gather({ a: fails(new Fault('X', 'x')), b: fails(bug) })).rejects.toBe(bug);
  });
});
