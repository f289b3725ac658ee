import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Disposables } from '../../../core/lifecycle.js';
import { freePorts } from '../../support/ports.js';
import { run, start, stop, until } from './child.js';

const INITDB_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 30_000;
const USER = 'anteroom';

/** A throw-away PostgreSQL cluster on loopback. */
export interface Postgres extends AsyncDisposable {
  /** `postgresql://user:password@127.0.0.1:port/anteroom`, for node-postgres and SQLAlchemy alike. */
  readonly url: string;
  readonly port: number;
  /** A new empty database of this cluster, so that tests do not meet each other's rows. */
  createDatabase(name: string): Promise<string>;
  /** The schema of a database as pg_dump writes it, without the lines that vary by version. */
  dumpSchema(url: string): Promise<string>;
}

/**
 * Starts a cluster of its own in a temporary directory, with a password made for it. PostgreSQL refuses to run as
 * root, so root hands it to the account `postgres`. It dies with this process.
 * @throws Error naming what to install when no server programs are found
 */
export async function startPostgres(): Promise<Postgres> {
  const owned = new Disposables();
  try {
    return await startIn(owned);
  } catch (error) {
    await owned[Symbol.asyncDispose]();
    throw error;
  }
}

async function startIn(owned: Disposables): Promise<Postgres> {
  const programs = findPrograms();
  const account = await accountForServer();
  const directory = await mkdtemp(join(tmpdir(), 'anteroom-postgres-'));
  owned.defer(() => rm(directory, { recursive: true, force: true }));
  const password = randomBytes(18).toString('hex');
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  const data = join(directory, 'data');
  await mkdir(data, { mode: 0o700 });
  if (account) {
    await chmod(directory, 0o711);
    for (const path of [passwordFile, data]) await chown(path, account.uid, account.gid);
  }
  const as = account ? asAccount(account) : [];
  const log = join(directory, 'log');
  const command = (program: string, ...args: string[]): [string, ...string[]] => {
    const [first, ...rest] = [...as, join(programs, program), ...args];
    if (first === undefined) throw new Error('no command');
    return [first, ...rest];
  };
  const initdb = ['-D', data, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'];
  await run(command('initdb', ...initdb, '--locale=C', '--no-sync'), log, INITDB_LIMIT_MS, { cwd: '/' });

  const [port = 0] = await freePorts(1);
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', fsync: 'off' };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = start(command('postgres', '-D', data, ...options), log, { cwd: '/' });
  owned.defer(() => stop(server, 'SIGINT', 10_000));
  const dieTogether = (): void => void server.kill('SIGQUIT');
  process.once('exit', dieTogether);
  owned.defer(() => process.removeListener('exit', dieTogether));

  const environment = { ...process.env, PGPASSWORD: password };
  const client = (program: string, ...args: string[]): [string, ...string[]] => {
    return [join(programs, program), '-h', '127.0.0.1', '-p', String(port), '-U', USER, ...args];
  };
  const isReady = (): Promise<boolean> =>
    run(client('pg_isready', '-q'), `${log}.client`, 5000).then(
      () => true,
      // not yet: `until` asks again, and shows the server's log when it never is
      () => false,
    );
  await until('PostgreSQL', server, log, READY_LIMIT_MS, isReady);

  const urlOf = (name: string): string => `postgresql://${USER}:${password}@127.0.0.1:${port}/${name}`;
  const createDatabase = async (name: string): Promise<string> => {
    await run(client('createdb', name), `${log}.client`, 30_000, { env: environment });
    return urlOf(name);
  };
  const url = await createDatabase(USER);
  const dumpSchema = async (of: string): Promise<string> => {
    const file = join(directory, 'dump.sql');
    const flags = [
      '--schema-only',
      '--no-owner',
      '--no-privileges',
      '-f',
      file,
      new URL(of).pathname.slice(1),
    ];
    await run(client('pg_dump', ...flags), `${log}.client`, 60_000, { env: environment });
    const varying = /^(-- Dumped|\\(un)?restrict).*\n/gm;
    return (await readFile(file, 'utf8')).replace(varying, '');
  };
  return { url, port, createDatabase, dumpSchema, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** The folder with `postgres`, `initdb` and the rest: PG_BIN, else Debian's newest, else PATH's. */
function findPrograms(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    process.env['PG_BIN'] ?? '',
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  const found = folders.find((folder) => folder !== '' && existsSync(join(folder, 'initdb')));
  if (found === undefined) {
    throw new Error(
      'no PostgreSQL server programs: install them (Debian: apt-get install postgresql) or set PG_BIN',
    );
  }
  return found;
}

/** Changes the user of what follows, and has the kernel end it with this process. */
function asAccount({ uid, gid }: { readonly uid: number; readonly gid: number }): string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig=QUIT'];
}

/** Whom root starts the server as; undefined for anybody else. */
async function accountForServer(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error('PostgreSQL does not run as root, and this machine has no account `postgres`');
  }
  return { uid: Number(uid), gid: Number(gid) };
}
