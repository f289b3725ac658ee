import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { bootId, identifyProcess, isSameProcess, processStat, processVariable } from './process.js';

const started: Array<() => void> = [];
afterEach(() => {
  for (const end of started.splice(0)) end();
});

function sleeper(env: Record<string, string> = {}) {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
  started.push(() => child.kill('SIGKILL'));
  return child;
}

describe('process identity', () => {
  it('names the process by pid, start time and boot', () => {
    const identity = identifyProcess(process.pid);
    expect(identity).toMatchObject({ pid: process.pid, bootId: bootId() });
    expect(identity?.startTime).toMatch(/^\d+$/);
    expect(identity && isSameProcess(identity)).toBe(true);
  });

  it('does not take another process with the same pid for it, nor the same pid of another boot', () => {
    const identity = identifyProcess(process.pid)!;
    expect(isSameProcess({ ...identity, startTime: '1' })).toBe(false);
    expect(isSameProcess({ ...identity, bootId: 'other' })).toBe(false);
  });

  it('knows the end of a process', async () => {
    const child = sleeper();
    await once(child, 'spawn');
    const identity = identifyProcess(child.pid!)!;
    expect(processStat(child.pid!)).toMatchObject({ session: child.pid, parent: process.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isSameProcess(identity)).toBe(false);
    expect(processStat(child.pid!)).toBeUndefined();
  });

  it('reads a variable of the environment a process was started with', async () => {
    const child = sleeper({ ANTEROOM_TEST: 'a=b' });
    await once(child, 'spawn');
    await expect.poll(() => processVariable(child.pid!, 'ANTEROOM_TEST')).toBe('a=b');
    expect(processVariable(child.pid!, 'ANTEROOM_TES')).toBeUndefined();
  });
});
