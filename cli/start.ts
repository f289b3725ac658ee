/**
 * Runs the hub as a process: loads the chosen plug-ins, starts the hub, and ends it on a signal. The only place that
 * knows plug-ins, hub and process at once.
 */
import { resolve } from 'node:path';
import { systemClock } from '../core/clock.js';
import { lineage } from '../core/config/declare.js';
import { StartupFault } from '../core/fault.js';
import { makeFolder } from '../core/folder.js';
import { gather } from '../core/gather.js';
import type { Log } from '../core/log.js';
import type { Authenticator, AuthenticatorKind } from '../core/plugin/authenticator.js';
import type { AuthenticatorConfig } from '../core/plugin/authenticator-traits.js';
import type { HousedSpawnerKind, SpawnerKind } from '../core/plugin/spawner.js';
import type { SpawnerConfig } from '../core/plugin/spawner-traits.js';
import { browserUrl, type HubAddresses, hubAddresses, isLoopback } from '../hub/addresses.js';
import { AnteroomClass, JupyterHubClass } from '../hub/config.js';
import { type DatabaseState, defaultSpawnerCommand } from '../hub/default-command.js';
import { Hub } from '../hub/hub.js';
import { chooseSpawner } from '../hub/lifecycle/index.js';
import { openOffline } from '../hub/offline.js';
import { prepareParts } from '../hub/parts/prepared.js';
import { inspectDatabase } from '../hub/store/index.js';
import { LocalProcessSpawnerClass } from '../spawners/local-process/traits.js';
import type { LoadedConfig } from './load-config.js';
import type { OfflineHub } from './offline.js';
import { chosenProxy } from './proxy.js';
import type { Terminal } from './terminal.js';

export interface StartContext {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly terminal: Terminal;
  /** `--reset-passwords` was given. */
  readonly resetPasswords: boolean;
  /** `--no-db` was given. */
  readonly inMemory: boolean;
}

/** What main.ts runs; tests hand in others. */
export interface Programs {
  /** Runs the hub until it is told to end. @returns the exit code */
  start(context: StartContext): Promise<number>;
  /** Opens the database of the configuration for `token` and `upgrade-db`. */
  openOffline(context: Pick<StartContext, 'loaded' | 'log' | 'terminal'>): Promise<OfflineHub>;
}

export const programs: Programs = {
  start: runHub,
  openOffline: ({ loaded, log, terminal }) =>
    openOffline({ config: loaded.config, log, clock: systemClock, cwd: terminal.cwd }),
};

async function runHub(context: StartContext): Promise<number> {
  const { loaded, log, terminal } = context;
  const { config } = loaded;
  const addresses = hubAddresses(config.of(JupyterHubClass));
  const notes: string[] = [];
  const ended = withResolvers<Ending>();
  // From the first moment on: a start that is told to end is finished first, so that it leaves nothing half made.
  using _signals = onSignals((signal) => ended.resolve({ kind: 'signal', signal }), log);
  const common = { config, log, environment: terminal.env, cwd: terminal.cwd };
  const found = databaseState(context);
  // a database that cannot be looked at has a fault of its own, and hides no other
  const state = found.catch(() => 'new' as const);
  const signsIn = authenticatorOf(context, notes);
  const guardHeaders = signsIn.then(
    (made) => made.hubOnlyHeaders ?? [],
    () => [],
  );
  const { spawner, authenticator, proxy, prepared } = await gather({
    database: () => found,
    spawner: () => spawnerOf(context, addresses, state),
    authenticator: () => signsIn,
    proxy: async () => chosenProxy(context, addresses, await guardHeaders),
    prepared: () => prepareParts(common),
  });
  await using hub = new Hub({
    ...common,
    ...proxy,
    authenticator,
    spawner,
    prepared,
    clock: systemClock,
    inMemory: context.inMemory,
    onShutdownRequest: (options) => ended.resolve({ kind: 'asked', options }),
  });
  try {
    await hub.start();
    log.info(`the hub is ready: open ${browserUrl(addresses)}`);
    if (spawner.sharedAccount !== undefined) log.warn(spawner.sharedAccount);
  } finally {
    // Passwords that a failed start has made are kept from now on, and shown at no other.
    for (const note of notes) terminal.err(`${note}\n`);
  }
  const ending = await ended.promise;
  log.info('ending', { because: ending.kind === 'signal' ? ending.signal : 'asked by the API' });
  await hub.stop(ending.kind === 'asked' ? ending.options : {});
  return 0;
}

type Ending =
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'asked'; readonly options: { readonly servers?: boolean; readonly proxy?: boolean } };

function withResolvers<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolver: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolver = done;
  });
  return { promise, resolve: (value) => resolver(value) };
}

/** Disposed of, it lets go of the signals again. */
function onSignals(end: (signal: string) => void, log: Log): Disposable {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const status = (): void => log.info('still running', { uptimeSeconds: Math.round(process.uptime()) });
  for (const signal of signals) process.on(signal, end);
  process.on('SIGUSR1', status);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, end);
      process.off('SIGUSR1', status);
    },
  };
}

async function spawnerOf(
  { loaded, terminal, log }: StartContext,
  addresses: HubAddresses,
  state: Promise<DatabaseState>,
) {
  const { config, plugins } = loaded;
  const { spawner: declaration } = config.selected;
  const kind = (await plugins.spawner.load()) as
    | SpawnerKind<SpawnerConfig>
    | HousedSpawnerKind<SpawnerConfig>;
  const values = config.of(declaration);
  // what runs in an image is found there; without a command it is what the image says
  const inImage = declaration.traits['cmd']?.default === null;
  const cmd = inImage
    ? values.cmd
    : defaultSpawnerCommand({
        ...(config.file && { configFileKind: config.file.kind }),
        databaseState: await state,
        ...(config.isSet(declaration, 'cmd') && { configured: values.cmd }),
      });
  const settings: SpawnerConfig = { ...values, cmd };
  const { allow_shared_uid: allowSharedUid, process_limit: processLimit } = config.of(AnteroomClass);
  const faults = [
    ...(kind.check?.(settings as never, {
      bindsLoopbackOnly: isLoopback(addresses.publicBind),
      isRoot: process.getuid?.() === 0,
      allowSharedUid,
      processLimit,
    }) ?? []),
    ...(processLimit > 0 && !kind.limitsProcesses
      ? [`c.Anteroom.process_limit: ${kind.className} does not enforce it; take the setting out`]
      : []),
  ];
  if (faults.length > 0) throw new StartupFault(faults);
  await makeFolder(terminal.cwd);
  const choice = chooseSpawner(kind, declaration, settings, { clock: systemClock, log });
  return Object.assign(choice, { sharedAccount: kind.sharedAccount, usesAccounts: kind.usesAccounts });
}

async function databaseState({ loaded, inMemory }: StartContext): Promise<DatabaseState> {
  if (inMemory) return 'new';
  const found = await inspectDatabase(loaded.config.of(JupyterHubClass).db_url);
  if (found.kind !== 'jupyterhub') return 'new';
  return found.anteroom === null ? 'jupyterhub' : 'ours';
}

async function authenticatorOf(context: StartContext, notes: string[]): Promise<Authenticator> {
  const { config, plugins } = context.loaded;
  const { authenticator: declaration } = config.selected;
  const kind = (await plugins.authenticator.load()) as AuthenticatorKind<AuthenticatorConfig>;
  const values = config.of(declaration);
  const configured = config.of(AnteroomClass).password_file;
  const passwordFile = configured === '' ? '' : resolve(context.terminal.cwd, configured);
  const usersRunHere = lineage(config.selected.spawner).some(
    ({ name }) => name === LocalProcessSpawnerClass.name,
  );
  const faults = kind.check?.(values as never, { passwordFile, usersRunHere });
  if (faults && faults.length > 0) throw new StartupFault(faults);
  return kind.create({
    config: values as never,
    log: context.log,
    clock: systemClock,
    passwordFile,
    resetPasswords: context.resetPasswords,
    announce: (lines) => notes.push(...lines),
  });
}
