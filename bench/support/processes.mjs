/**
 * What benches need of a machine: free ports, children that are ended, CPU time and memory of a process. Linux only:
 * it reads /proc.
 */
import { execFileSync, spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { cpus, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A child whose output goes to a file; `stop` ends it in order, and for good when it does not go. */
export function launch(command, { cwd, env, logFile }) {
  const log = openSync(logFile, 'a');
  const child = spawn(command[0], command.slice(1), { cwd, env, stdio: ['ignore', log, log] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.once('error', (error) => console.error(`${command[0]}: ${error.message}`));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(late);
  };
  const tail = () => readFileSync(logFile, 'utf8').slice(-2000);
  return { pid: child.pid, ended: () => child.exitCode !== null || child.signalCode !== null, stop, tail };
}

/** Waits until `ready()` is true. @throws Error with the end of the child's log */
export async function untilReady(name, process, ready, patienceMs = 120_000) {
  const end = performance.now() + patienceMs;
  while (!(await ready())) {
    if (process.ended() || performance.now() > end)
      throw new Error(`${name} did not start:\n${process.tail()}`);
    await delay(50);
  }
}

/** Waits until something listens on the port of this machine. @throws Error after 10 seconds */
export async function untilListening(port) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const up = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (up) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** Seconds of CPU, user and system, of all threads. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export function residentMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** A process and all that it has started, as far as they live. */
export function processTree(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(name);
    if (stat) parents.set(Number(name), Number(stat[1]));
  }
  const tree = [pid];
  for (let index = 0; index < tree.length; index += 1) {
    for (const [child, parent] of parents) if (parent === tree[index]) tree.push(child);
  }
  return tree;
}

/** Seconds of CPU of all threads that live, counted by the scheduler: finer than ticks, for what is short. */
export function cpuSecondsOf(pids) {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return nanoseconds / 1e9;
}

/** Shared pages count once in each process. */
export const residentMiBOf = (pids) => pids.reduce((sum, pid) => sum + residentMiB(pid), 0);

/** What follows the name in /proc/PID/stat; undefined when the process has gone. */
function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Ticks of all processors since boot, and those in which the host of a virtual machine ran something else. */
function processorTicks() {
  const ticks = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1, 9)
    .map(Number);
  return { all: ticks.reduce((sum, each) => sum + each, 0), stolen: ticks[7] };
}

const before = processorTicks();

/** Since this process began. */
function stolenPercent() {
  const now = processorTicks();
  return (100 * (now.stolen - before.stolen)) / Math.max(1, now.all - before.all);
}

/** One line about the machine, with how busy it and its host are: numbers of a busy machine are noise. */
export function machine() {
  const commit = execFileSync('git', ['describe', '--always', '--dirty', '--exclude=*'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  }).trim();
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  return `${date} UTC, commit ${commit}, ${cpus().length} x ${cpus()[0].model}, Node ${process.version}, load ${loadavg()[0].toFixed(2)}, ${stolenPercent().toFixed(1)} % stolen`;
}
