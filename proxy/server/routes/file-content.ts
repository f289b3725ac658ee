/** The file of routes: what stands in it, read with distrust and replaced in one step. */
import { constants, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { messageOf } from '../../../core/fault.js';
import { isJsonObject, type JsonObject } from '../../../core/model/json.js';
import type { ListenerOwner } from './listener-owner.js';
import { type Restored, Route, type RouteRecord } from './route.js';

/** Bytes: some hundred thousand routes. */
export const MAX_FILE = 64 * 1024 * 1024;
const VERSION = 1;

export type Content =
  | { readonly kind: 'absent' }
  /** Not to be served, and why. */
  | { readonly kind: 'unfit'; readonly damaged: boolean; readonly reason: string }
  | { readonly kind: 'routes'; readonly routes: readonly Route[] };

/** @param bootId of the running kernel; the file of another, or where none is known, is not served */
export async function readContent(path: string, bootId: string): Promise<Content> {
  let text: string;
  try {
    const read = await readOwn(path);
    if (read === undefined) return { kind: 'absent' };
    text = read;
  } catch (error) {
    return { kind: 'unfit', damaged: true, reason: messageOf(error) };
  }
  try {
    return parse(text, bootId);
  } catch (error) {
    return { kind: 'unfit', damaged: true, reason: messageOf(error) };
  }
}

/** @param owners by path, of routes whose target is on this machine */
export function contentOf(
  routes: Iterable<Route>,
  owners: ReadonlyMap<string, ListenerOwner>,
  bootId: string,
): string {
  const records: RouteRecord[] = [];
  for (const { path, target, data, lastActivity, restored } of routes) {
    const owner = restored ? restored.owner : owners.get(path);
    records.push({ path, target, data, lastActivity, ...(owner ? { restored: { owner } } : {}) });
  }
  return JSON.stringify({ version: VERSION, bootId, routes: records });
}

/**
 * A reader sees the old file or the new one. It is not forced to the disk: whatever the kernel loses with the machine
 * would not be served after its next start.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = draftOf(path);
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** The same for a process that is about to end. */
export function replaceFileNow(path: string, text: string): void {
  const draft = draftOf(path);
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}

function draftOf(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

/** Whoever may write this file says where users' requests go. */
async function readOwn(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(absent);
  if (!file) return undefined;
  try {
    const { uid, mode, size } = await file.stat();
    if (uid !== process.getuid?.()) throw new Error(`it belongs to account ${uid}`);
    if ((mode & 0o022) !== 0) throw new Error('others than its owner may write it');
    if (size > MAX_FILE) throw new Error(`it is larger than ${MAX_FILE} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

/** @throws Error saying what is wrong */
function parse(text: string, bootId: string): Content {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('it is no JSON object');
  if (value['version'] !== VERSION) throw new Error(`its version is not ${VERSION}`);
  if (typeof value['bootId'] !== 'string' || !Array.isArray(value['routes']))
    throw new Error('parts are missing');
  if (bootId === '' || value['bootId'] !== bootId) {
    return { kind: 'unfit', damaged: false, reason: 'it is from before this machine was started' };
  }
  return { kind: 'routes', routes: value['routes'].map(routeIn) };
}

function routeIn(value: unknown): Route {
  if (!isJsonObject(value)) throw new Error('a route is no object');
  const { path, target, data, lastActivity, restored } = value;
  if (
    typeof path !== 'string' ||
    !path.startsWith('/') ||
    typeof target !== 'string' ||
    !isJsonObject(data)
  ) {
    throw new Error('a route lacks its path, target or data');
  }
  if (typeof lastActivity !== 'number' || !Number.isFinite(lastActivity)) {
    throw new Error('a route lacks its last activity');
  }
  return new Route(path, target, data, lastActivity, restoredIn(restored));
}

/** An owner that is not understood is none: its route waits for the hub. */
function restoredIn(value: unknown): Restored {
  const owner: unknown = isJsonObject(value) ? value['owner'] : undefined;
  if (!isJsonObject(owner)) return { owner: undefined };
  const { uid, sockets, process } = owner as JsonObject;
  if (typeof uid !== 'number' || !Array.isArray(sockets)) return { owner: undefined };
  const inodes = sockets.filter((each): each is string => typeof each === 'string');
  if (!isJsonObject(process)) return { owner: { uid, sockets: inodes } };
  const { pid, startTime } = process;
  if (typeof pid !== 'number' || typeof startTime !== 'string') return { owner: { uid, sockets: inodes } };
  return { owner: { uid, sockets: inodes, process: { pid, startTime } } };
}
