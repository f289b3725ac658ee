import { isJsonObject, type JsonObject } from '../../core/model/json.js';
import type { ProcessIdentity } from '../../core/process.js';

/**
 * What the database keeps of a local process: JupyterHub's `{"pid": N}`, and below `anteroom` what proves that the
 * pid still means that process. Real JupyterHub reads `pid` and leaves the rest alone.
 */
export interface LocalState {
  readonly spawnId?: string;
  readonly pid?: number;
  readonly startTime?: string;
  readonly bootId?: string;
  readonly host?: string;
  readonly port?: number;
  /** Folders of the control groups that hold it. */
  readonly groups?: readonly string[];
}

export function writeState(state: LocalState): JsonObject {
  const { pid, spawnId, startTime, bootId, host, port, groups } = state;
  if (pid === undefined && spawnId === undefined) return {};
  const own = { spawn_id: spawnId, start_time: startTime, boot_id: bootId, host, port, cgroups: groups };
  const anteroom = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { ...(pid !== undefined && { pid }), ...(Object.keys(anteroom).length > 0 && { anteroom }) };
}

/** Reads what a database holds, whoever wrote it: anything of the wrong shape counts as absent. */
export function readState(json: JsonObject): LocalState {
  const own = isJsonObject(json['anteroom']) ? json['anteroom'] : {};
  const { pid } = json;
  const { spawn_id: spawnId, start_time: startTime, boot_id: bootId, host, port, cgroups } = own;
  return {
    ...(isCount(pid) && { pid }),
    ...(isText(spawnId) && { spawnId }),
    ...(isText(startTime) && { startTime }),
    ...(isText(bootId) && { bootId }),
    ...(isText(host) && { host }),
    ...(isCount(port) && { port }),
    ...(Array.isArray(cgroups) && { groups: cgroups.filter(isText) }),
  };
}

export function identityOf(state: LocalState): ProcessIdentity | undefined {
  const { pid, startTime, bootId } = state;
  return pid === undefined || startTime === undefined || bootId === undefined
    ? undefined
    : { pid, startTime, bootId };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}
