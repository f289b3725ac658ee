import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/ports.js';
import { run, start, stop, until } from './child.js';

/** Debian's package `redis-server`. */
export const REDIS_SERVER = '/usr/bin/redis-server';
const PASSWORD = 'redis-of-the-tests';

export interface Redis extends AsyncDisposable {
  /** With its password. */
  readonly url: string;
  readonly password: string;
  readonly port: number;
  readonly pid: number;
  /** Runs `redis-cli`. @throws Error with its output when it fails */
  command(...words: string[]): Promise<void>;
}

export function hasRedis(): boolean {
  return existsSync(REDIS_SERVER);
}

/**
 * A throw-away server that keeps nothing on disk.
 * @param port to come back where a former one was
 */
export async function startRedis(port?: number): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const [free = 0] = await freePorts(1);
  const where = port ?? free;
  const log = join(folder, 'redis.log');
  const settings = ['--port', String(where), '--bind', '127.0.0.1', '--save', '', '--requirepass', PASSWORD];
  const child = start([REDIS_SERVER, ...settings], log, { cwd: folder });
  const command = (...words: string[]): Promise<void> =>
    run(['redis-cli', '-p', String(where), ...words], log, 10_000, {
      env: { ...process.env, REDISCLI_AUTH: PASSWORD },
    });
  const answers = (): Promise<boolean> =>
    command('ping').then(
      () => true,
      () => false,
    );
  await until('Redis', child, log, 30_000, answers);
  return {
    url: `redis://:${PASSWORD}@127.0.0.1:${where}/2`,
    password: PASSWORD,
    port: where,
    pid: child.pid ?? 0,
    command,
    async [Symbol.asyncDispose]() {
      // A stopped process hears of nothing else.
      child.kill('SIGCONT');
      await stop(child, 'SIGKILL', 5000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
