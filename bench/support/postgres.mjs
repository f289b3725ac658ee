/** A throw-away PostgreSQL cluster on loopback, one database for each hub of a bench. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './processes.mjs';

const INSTALLED = '/usr/lib/postgresql';
const USER = 'bench';

/**
 * Starts it; PostgreSQL refuses to run as root, so root hands it to the account `postgres`.
 * @returns `{ createDatabase(name) -> url for SQLAlchemy and ours, stop() }`
 * @throws Error when no server programs are installed
 */
export async function startPostgres() {
  const programs = newestPrograms();
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-pg-'));
  const port = await freePort();
  const password = randomBytes(18).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const asRoot = process.getuid() === 0;
  if (asRoot) {
    const [uid, gid] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, 'postgres'])));
    for (const path of [folder, passwordFile]) chownSync(path, uid, gid);
  }
  const run = (program, ...args) => {
    const command = [
      ...(asRoot ? ['runuser', '-u', 'postgres', '--'] : []),
      join(programs, program),
      ...args,
    ];
    execFileSync(command[0], command.slice(1), {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, PGPASSWORD: password },
    });
  };
  const data = join(folder, 'data');
  run('initdb', '-D', data, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8');
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`;
  run('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-o', settings, '-w', 'start');
  return {
    createDatabase(name) {
      run('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', USER, name);
      return `postgresql+psycopg2://${USER}:${password}@127.0.0.1:${port}/${name}`;
    },
    stop() {
      run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function newestPrograms() {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (!newest) throw new Error(`no PostgreSQL server below ${INSTALLED}: apt-get install postgresql`);
  return join(INSTALLED, newest, 'bin');
}
