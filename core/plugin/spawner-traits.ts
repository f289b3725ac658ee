/**
 * `c.Spawner`: what every spawner is configured with (jupyterhub.spawner.Spawner 6.1.1).
 * Hooks get the spawner as `unknown` here; the plug-in contract (core/plugin) types it for authors.
 */
import type { Resolved } from '../config/declare.js';
import { declareClass } from '../config/declare.js';
import * as t from '../config/traits.js';

type Awaitable<T> = T | Promise<T>;
export type SpawnerHook<R> = (spawner: unknown) => Awaitable<R>;
export type FormHook = (form: unknown, ...rest: unknown[]) => Awaitable<Readonly<Record<string, unknown>>>;
export type ApplyOptionsHook = (
  spawner: unknown,
  options: Readonly<Record<string, unknown>>,
) => Awaitable<void>;
export type ReadyHook = (spawner: unknown, event: Readonly<Record<string, unknown>>) => Awaitable<unknown>;
export type AuthStateHook = (spawner: unknown, authState: unknown) => Awaitable<void>;

const textKind = t.unicode();
const texts = t.list(textKind);
const anything = t.dict(t.anything);

/** A variable's value: JupyterHub writes numbers and truth values as Python's `str` does. */
const variableKind: t.Kind<string> = {
  ...textKind,
  parse: (value) => {
    if (typeof value === 'number') return String(value);
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    return textKind.parse(value);
  },
};

/** `(spawner) => value` beside a plain value. */
function hook<R>() {
  return t.functionOf<SpawnerHook<R>>();
}

export const SpawnerClass = declareClass({
  name: 'Spawner',
  help: 'Starts, watches and stops the single-user servers. Every spawner class takes these settings.',
  traits: {
    apply_user_options: t.optional(
      t.union(
        [t.functionOf<ApplyOptionsHook>(), t.dict(textKind)],
        {},
        {
          help: 'How the options a user chose change the spawner: a function of spawner and options, or a dictionary from option name to trait name. Unset: the options are only kept.',
        },
      ),
    ),
    args: t.list(textKind, [], { help: 'Extra arguments for the single-user server, after those of `cmd`.' }),
    auth_state_hook: t.callable<AuthStateHook>({
      type: 'Any',
      help: 'Called before a start with the spawner and the decrypted auth_state (or null), to hand parts of it to the server.',
    }),
    cmd: t.optional(
      t.command(['jupyterhub-singleuser'], {
        help: 'The program of the single-user server, a list or one word. The name `anteroom-singleuser` always means our own terminal server. Unset, it is our server, unless a configuration or database of JupyterHub stands beside it: then the start asks which one you want.',
      }),
      ['jupyterhub-singleuser'],
    ),
    consecutive_failure_limit: t.integer(0, {
      help: 'After this many failed starts in a row further ones are refused until one works again (see Anteroom.spawn_breaker_seconds); 0 switches this off.',
    }),
    cpu_guarantee: t.optional(
      t.float(0, {
        help: 'Cores that a server is promised, exported as CPU_GUARANTEE. A spawner that cannot promise only exports it.',
      }),
    ),
    cpu_limit: t.optional(
      t.float(0, {
        help: 'Cores that a server may use at most, exported as CPU_LIMIT. Enforced only by spawners that can.',
      }),
    ),
    debug: t.bool(false, { help: 'Ask the single-user server for its debug log.' }),
    default_url: t.unicode('', {
      help: 'The page of the server that a user sees first; `{username}` and `{base_url}` are filled in. Empty: the server decides.',
    }),
    disable_user_config: t.bool(false, {
      help: "Tell the server to read no configuration from the user's own home directory.",
    }),
    env_keep: t.list(textKind, ['JUPYTERHUB_SINGLEUSER_APP'], {
      help: "Names of variables of the hub's environment that servers inherit. Setting it replaces the list.",
    }),
    environment: t.dict(
      t.union([variableKind, t.functionOf<SpawnerHook<string>>()], ''),
      {},
      {
        secret: 'values',
        help: "Variables for the server's environment, stronger than all others. A value may be a function of the spawner.",
      },
    ),
    group_overrides: t.union(
      [hook<Readonly<Record<string, unknown>>>(), anything],
      {},
      {
        help: 'Other trait values for the members of some groups: from a sort key to `groups` and `spawner_override`. Applied in the order of the keys.',
      },
    ),
    http_timeout: t.integer(30, {
      help: 'Seconds that a started server has to answer its first HTTP request.',
    }),
    hub_connect_url: t.optional(
      t.unicode('', {
        help: "Scheme, host and port under which servers of this spawner reach the hub. Unset: the hub's own connect URL.",
      }),
    ),
    ip: t.unicode('127.0.0.1', { help: 'Address that a server binds to; empty means all addresses.' }),
    mem_guarantee: t.byteSpecification({
      help: 'Memory that a server is promised: bytes, or a number with K, M, G or T (powers of 1024). Exported as MEM_GUARANTEE.',
    }),
    mem_limit: t.byteSpecification({
      help: 'Memory that a server may use: bytes, or a number with K, M, G or T (powers of 1024). Exported as MEM_LIMIT; enforced only by spawners that can.',
    }),
    notebook_dir: t.unicode('', {
      help: 'Directory that the server opens in; `~` and `{username}` are filled in. Empty: the home directory.',
    }),
    oauth_client_allowed_scopes: t.union([hook<readonly string[]>(), texts], [], {
      help: 'Scopes that tokens issued through this server may carry beside access to the server itself; a list or a function of the spawner.',
    }),
    oauth_roles: t.union([hook<readonly string[]>(), texts], [], {
      help: "Role names for the server's OAuth client.",
      deprecated: { use: 'Spawner.oauth_client_allowed_scopes', since: '3.0' },
    }),
    options_form: t.union([textKind, hook<string>()], '', {
      help: 'Inner HTML of the form shown before a start, or a function of the spawner that gives it. Empty: servers start without asking.',
    }),
    options_from_form: t.union([t.functionOf<FormHook>(), textKind], 'passthrough', {
      help: 'Turns the posted form into user options: a function, `simple` (single values unwrapped, checkboxes true) or `passthrough` (as posted).',
    }),
    poll_interval: t.integer(30, {
      help: 'Seconds between two looks whether a server still lives; 0 or less switches this off.',
    }),
    poll_jitter: t.float(0.1, {
      min: 0,
      max: 1,
      help: 'Random spread of poll_interval as a fraction of it, so that polls of many servers do not coincide.',
    }),
    port: t.integer(0, { min: 0, max: 65535, help: 'Port that a server binds to; 0 picks a free one.' }),
    post_stop_hook: t.callable<SpawnerHook<void>>({
      type: 'Any',
      help: 'Called with the spawner after its server has stopped. A failure is only logged.',
    }),
    pre_spawn_hook: t.callable<SpawnerHook<void>>({
      type: 'Any',
      help: 'Called with the spawner just before a start. A failure ends the start.',
    }),
    progress_ready_hook: t.callable<ReadyHook>({
      type: 'Any',
      help: 'May rewrite the last progress event, e.g. to send the browser elsewhere.',
    }),
    server_token_scopes: t.union([texts, hook<readonly string[]>()], [], {
      help: 'Scopes of the token that a server gets. Empty: those of the role `server`.',
    }),
    ssl_alt_names: t.union([texts, hook<readonly string[]>()], [], {
      help: "Names in the server's certificate under internal_ssl, e.g. `DNS:host`.",
    }),
    ssl_alt_names_include_local: t.bool(true, {
      help: 'Put localhost and 127.0.0.1 into those names as well.',
    }),
    start_timeout: t.integer(60, { help: 'Seconds that a start may take before it is given up.' }),
  },
});

export type SpawnerConfig = Resolved<typeof SpawnerClass>;
