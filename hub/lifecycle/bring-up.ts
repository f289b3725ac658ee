import { Fault } from '../../core/fault.js';
import type { ServerAddress, Spawner } from '../../core/plugin/spawner.js';
import { confirmServer } from './confirm.js';
import { type ServerEntry, serverColumns, serverLabel } from './entry.js';
import { launch, seconds } from './launch.js';
import type { Prepared } from './prepare.js';
import type { LifecycleDeps } from './types.js';

/** So often is a server launched whose port another process took first. */
const ATTEMPTS = 3;

/**
 * Launches the server, records where it is and has it prove itself. A port that the spawner chose is free when it is
 * chosen and can be taken before the server binds it; such a server is ended and launched again on another port. A
 * port that the configuration fixes is never given up for another.
 * @throws Fault of the launch, or of the last attempt to have the server prove itself
 */
export async function bringUp(
  deps: LifecycleDeps,
  entry: ServerEntry,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<ServerAddress> {
  const timeoutMs = seconds(prepared.config.http_timeout);
  const attempts = prepared.config.port === 0 ? ATTEMPTS : 1;
  for (let attempt = 1; ; attempt += 1) {
    const address = await launch(deps, entry, prepared, signal);
    await recordStarted(deps, entry, address);
    try {
      await confirmServer(deps, entry, address, { token: prepared.credentials.token, timeoutMs, signal });
      return address;
    } catch (error) {
      if (attempt === attempts || signal.aborted || !(await portWasTaken(entry.spawner, address, error)))
        throw error;
      deps.log.warn('another process took the port of a server: it is launched again on another', {
        server: serverLabel(entry),
        attempt,
        port: address.kind === 'tcp' ? address.port : undefined,
      });
      await entry.spawner?.stop({ now: true });
    }
  }
}

/** Whoever answered is not the server, or the server ended and somebody else listens where it should have. */
async function portWasTaken(
  spawner: Spawner | undefined,
  address: ServerAddress,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof Fault)) return false;
  if (error.code === 'SPAWN_IMPOSTOR') return true;
  return error.code === 'SPAWN_EXITED' && (await spawner?.ownsListener?.(address)) === 'no';
}

async function recordStarted(deps: LifecycleDeps, entry: ServerEntry, address: ServerAddress): Promise<void> {
  const state = entry.spawner?.state() ?? {};
  await deps.store.transaction(async (db) => {
    await db.spawners.setServer(entry.spawnerId, { ...serverColumns(address), baseUrl: entry.baseUrl });
    await db.spawners.update(entry.spawnerId, { state });
  });
  entry.address = address;
}
