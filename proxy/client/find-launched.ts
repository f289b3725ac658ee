/** Finds the process of a launch whose pid was never noted, by what stands in its environment. */
import { readdirSync } from 'node:fs';
import { identifyProcess, type ProcessIdentity, processVariable } from '../../core/process.js';
import { PROXY_ID } from './command.js';

export function findLaunched(launchId: string): ProcessIdentity | undefined {
  for (const name of readdirSync('/proc')) {
    const pid = /^\d+$/.test(name) ? Number(name) : 0;
    // Our own environment may bear the id of a proxy that started this hub; it is not a proxy for that.
    if (pid === 0 || pid === process.pid) continue;
    if (processVariable(pid, PROXY_ID) === launchId) return identifyProcess(pid);
  }
  return undefined;
}
