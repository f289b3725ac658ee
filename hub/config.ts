/**
 * `c.JupyterHub`, `c.Application`, `c.CryptKeeper`, `c.PeriodicMetricsCollector` with the names, types and
 * defaults of JupyterHub 6.1.1, and `c.Anteroom`, which holds what is ours alone.
 *
 * Owns: declarations. Does not own: rules between URLs (config-urls.ts), reading files and flags
 * (core/config), what is not built yet (cli/unbuilt.ts).
 */
import type { Resolved } from '../core/config/declare.js';
import { declareClass } from '../core/config/declare.js';
import * as t from '../core/config/traits.js';
import { cookieSecretKind, cryptKeysKind } from './config-kinds.js';
import { deriveHub, hubRules } from './config-urls.js';
import { cullerTraits } from './culler/traits.js';
import { hubTraits } from './hub-traits.js';

const LOG_LEVELS = [0, 10, 20, 30, 40, 50, 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL'] as const;

export const ApplicationClass = declareClass({
  name: 'Application',
  help: 'What every program of this family takes.',
  traits: {
    log_datefmt: t.unicode('%Y-%m-%d %H:%M:%S', { help: 'How log lines write the time (strftime).' }),
    log_format: t.unicode('[%(name)s]%(highlevel)s %(message)s', {
      help: "Python's template of a log line.",
    }),
    log_level: t.enumeration(LOG_LEVELS, 30, {
      help: "What is logged: DEBUG, INFO, WARN, ERROR, CRITICAL or Python's number of it.",
    }),
    logging_config: t.dict(t.anything, {}, { help: "Further configuration of Python's logging." }),
    show_config: t.bool(false, { help: 'Print the configuration instead of starting.' }),
    show_config_json: t.bool(false, { help: 'The same as JSON.' }),
  },
});

export const JupyterHubClass = declareClass({
  name: 'JupyterHub',
  aliases: ['jupyterhub.app.JupyterHub'],
  parent: ApplicationClass,
  help: 'The hub itself.',
  defaults: {
    log_level: 20,
    log_format:
      '%(color)s[%(levelname)1.1s %(asctime)s.%(msecs).03d %(name)s %(module)s:%(lineno)d]%(end_color)s %(message)s',
  },
  traits: {
    ...hubTraits,
    cookie_secret: t.optional(
      t.trait(cookieSecretKind, new Uint8Array(), {
        secret: true,
        env: 'JPY_COOKIE_SECRET',
        help: 'Key that signs cookies: 32 octets, in hexadecimal when written as text. Unset: read from cookie_secret_file.',
      }),
    ),
  },
  derive: deriveHub,
  rules: hubRules,
});

export type HubConfig = Resolved<typeof JupyterHubClass>;

export const CryptKeeperClass = declareClass({
  name: 'CryptKeeper',
  aliases: ['jupyterhub.crypto.CryptKeeper'],
  help: 'Encrypts auth_state in the database.',
  traits: {
    keys: t.trait(cryptKeysKind, [], {
      secret: true,
      env: 'JUPYTERHUB_CRYPT_KEY',
      help: 'Keys of 32 octets, raw, in base64 or in hexadecimal. The first encrypts, all decrypt.',
    }),
    n_threads: t.integer(1, {
      min: 1,
      help: 'Threads for encryption.',
      defaultText: 'the number of processors',
    }),
  },
});

export const PeriodicMetricsCollectorClass = declareClass({
  name: 'PeriodicMetricsCollector',
  aliases: ['jupyterhub.metrics.PeriodicMetricsCollector'],
  help: 'Measures what no single request shows.',
  traits: {
    active_users_enabled: t.bool(true, {
      help: 'Count the users who were active in the last day, week and month.',
    }),
    active_users_update_interval: t.integer(3600, { min: 1, help: 'Seconds between two such counts.' }),
    event_loop_interval_enabled: t.bool(true, { help: 'Measure how late the event loop runs.' }),
    event_loop_interval_log_threshold: t.float(1, { help: 'Seconds of delay from which it is logged.' }),
    event_loop_interval_resolution: t.float(0.05, { help: 'Seconds between two such measurements.' }),
  },
});

/** What is ours alone. Adding a trait is one line here; the documentation and the help follow by themselves. */
export const AnteroomClass = declareClass({
  name: 'Anteroom',
  help: 'What Anteroom has beside JupyterHub.',
  traits: {
    allow_shared_uid: t.bool(false, {
      help: 'Allow a spawner that runs everybody under one account to do so as root or on an address that others reach.',
    }),
    ...cullerTraits,
    login_backoff_base_seconds: t.float(1, {
      min: 0,
      help: 'Seconds that a name waits after its failures at sign-in begin to count; doubled with every further one.',
    }),
    login_backoff_max_seconds: t.float(30, {
      min: 0,
      help: 'The longest such wait. A name is slowed, never locked.',
    }),
    login_failures_before_backoff: t.integer(5, {
      min: 1,
      help: 'Failed sign-ins of a name, and of a name from one address, before it has to wait.',
    }),
    login_failures_per_minute_per_address: t.integer(300, {
      min: 0,
      help: 'Failed sign-ins from one address in a minute before it is refused; 0 for no ceiling.',
    }),
    password_file: t.unicode('', {
      help: 'File of scrypt hashes for the shared-password authenticator, made with new passwords at the first start. Empty: passwords come from its own settings.',
    }),
    process_limit: t.integer(0, {
      min: 0,
      max: 1_000_000,
      help: 'Processes and threads that one server and all that its user starts in it may be; 0 for no limit. Where the spawner or the machine cannot enforce it, the hub does not start.',
    }),
    proxy_drain_seconds: t.integer(0, {
      min: 0,
      max: 86_400,
      help: 'Seconds that requests and WebSockets under way get when the hub ends its proxy, while no new connection is taken: when it stops with cleanup_proxy, or finds the proxy with other options. Our own proxy only, as all proxy_ settings.',
    }),
    proxy_guard_cookies: t.bool(true, {
      help: "Let the proxy keep the hub's cookies from servers, and servers from setting them (docs/proxy.md).",
    }),
    proxy_max_connections: t.integer(0, {
      min: 0,
      max: 999_999,
      help: 'Connections of clients at once, in each worker of the proxy; more are refused. 0 for no limit.',
    }),
    proxy_workers: t.integer(1, {
      min: 1,
      max: 64,
      help: 'Processes in which the proxy carries requests; with more than 1, one more owns the routes.',
    }),
    spawn_breaker_seconds: t.float(60, {
      min: 1,
      help: 'Seconds for which starts are refused when as many in a row have failed as Spawner.consecutive_failure_limit says; then one may try.',
    }),
    spawn_queue_limit: t.integer(1000, {
      min: 0,
      max: 100_000,
      help: "Browsers' starts that wait for a place when JupyterHub.concurrent_spawn_limit is reached, a tenth of them for one user; 0 refuses them as JupyterHub does.",
    }),
    spawn_queue_timeout: t.float(600, {
      min: 1,
      max: 86_400,
      help: 'Seconds that such a start waits at most.',
    }),
    spawner_log_bytes: t.integer(10 * 1024 * 1024, {
      min: 4096,
      help: 'Size in bytes at which the output file of a server is cut.',
    }),
    spawner_log_dir: t.unicode('', {
      help: "Directory for the output of servers, services and proxy. Empty: `anteroom-logs` beside the hub's working directory.",
    }),
  },
});
