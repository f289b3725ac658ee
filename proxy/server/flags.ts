/**
 * The command line as data: every flag of configurable-http-proxy 5.3.0 and some of ours.
 * Owns names, arity, defaults shown in help and the parser; knows nothing of what the values mean
 * (options.ts does).
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface FlagSpec {
  /** `optional`: a value, or none. */
  readonly kind: 'value' | 'switch' | 'list' | 'optional';
  readonly placeholder?: string;
  readonly help: string;
}

const value = (placeholder: string, help: string): FlagSpec => ({ kind: 'value', placeholder, help });
const toggle = (help: string): FlagSpec => ({ kind: 'switch', help });

const FLAGS = {
  ip: value('addr', 'address of the public listener (default: all)'),
  port: value('n', 'port of the public listener (default: 8000)'),
  socket: value('path', 'UNIX socket of the public listener, instead of --ip and --port'),
  'ssl-key': value('file', 'key of the public listener'),
  'ssl-cert': value('file', 'certificate of the public listener'),
  'ssl-ca': value('file', 'authorities whose client certificates the public listener accepts'),
  'ssl-request-cert': toggle('ask clients for a certificate'),
  'ssl-reject-unauthorized': toggle('refuse clients whose certificate does not verify'),
  'ssl-protocol': value('p', 'OpenSSL protocol method, e.g. TLSv1_2'),
  'ssl-ciphers': value('list', 'cipher list of the public listener, the API and upstream TLS'),
  'ssl-allow-rc4': toggle('allow RC4 in the default cipher list'),
  'ssl-dhparam': value('file', 'Diffie-Hellman parameters'),
  'api-ip': value('addr', 'address of the REST API (default: localhost)'),
  'api-port': value('n', 'port of the REST API (default: public port + 1)'),
  'api-socket': value('path', 'UNIX socket of the REST API; wins over --api-ip and --api-port'),
  'api-ssl-key': value('file', 'key of the REST API'),
  'api-ssl-cert': value('file', 'certificate of the REST API'),
  'api-ssl-ca': value('file', 'authorities whose client certificates the REST API accepts'),
  'api-ssl-request-cert': toggle('ask API clients for a certificate'),
  'api-ssl-reject-unauthorized': toggle('refuse API clients whose certificate does not verify'),
  'client-ssl-key': value('file', 'key shown to https targets'),
  'client-ssl-cert': value('file', 'certificate shown to https targets'),
  'client-ssl-ca': value('file', 'authorities that https targets must be signed by'),
  'client-ssl-request-cert': toggle('accepted: a target always shows its certificate'),
  'client-ssl-reject-unauthorized': toggle('verify https targets even with --insecure (verified by default)'),
  'default-target': value('url', 'target of the route /'),
  'error-target': value('url', 'HTTP service that renders error pages'),
  'error-path': value('dir', 'folder with <code>.html and error.html'),
  'redirect-port': value('n', 'plain listener that redirects to https'),
  'redirect-to': value('n', 'port in that redirect (default: public port)'),
  'pid-file': value('file', 'write the pid here; removed at exit'),
  'no-x-forward': toggle('do not add X-Forwarded-* headers'),
  'no-prepend-path': toggle("ignore the path of the target's URL"),
  'no-include-prefix': toggle("cut the route's prefix before forwarding"),
  'auto-rewrite': toggle('rewrite host and port of Location in redirects'),
  'change-origin': toggle("send the target's host as Host"),
  'protocol-rewrite': value('scheme', 'rewrite the scheme of Location in redirects'),
  'custom-header': {
    kind: 'list',
    placeholder: 'k:v',
    help: 'header added to each proxied request (repeatable)',
  },
  insecure: toggle('do not verify certificates of https targets'),
  'host-routing': toggle('the first path element of a route is its host'),
  'metrics-ip': value('addr', 'address of the metrics listener (default: all)'),
  'metrics-port': value('n', 'port of the metrics listener (default: off)'),
  'metrics-socket': value('path', 'UNIX socket of the metrics listener; wins over --metrics-port'),
  'log-level': value('level', 'debug, info, warn or error (default: info)'),
  timeout: value('ms', "drop a client's connection after so much silence in a request"),
  'proxy-timeout': value('ms', 'give up a target after so much silence'),
  'storage-backend': value('module', 'CommonJS module with a route store class (default: memory)'),
  'keep-alive-timeout': value('ms', 'close idle client connections after so long (default: 5000)'),
  engine: value('name', 'raw, raw-node or http-proxy-3: what carries the requests (default: raw)'),
  'client-onread': toggle(
    "read clients without TLS into memory that is used again; by an option of Node's that is not documented",
  ),
  'guard-cookies': value(
    'path',
    "the hub's path, e.g. /hub/: keep its cookies from other routes, and theirs by its names from browsers",
  ),
  'guard-header': {
    kind: 'list',
    placeholder: 'name',
    help: 'with --guard-cookies: a request header that only the hub is sent (repeatable)',
  },
  workers: value(
    'n',
    'processes that carry requests; with more than 1, one more owns the routes (default: 1)',
  ),
  'drain-seconds': value('n', 'on SIGTERM, let requests under way go on for so long (default: 0)'),
  'max-connections': value(
    'n',
    'connections of clients at once, in each worker; more are refused (default: no limit)',
  ),
  'routes-file': value('path', 'keep the routes here (0600), and serve them at once after a restart'),
  'redis-url': value('url', 'with --storage-backend redis; a password belongs in CONFIGPROXY_REDIS_URL'),
  'redis-prefix': value('text', 'what its keys begin with (default: anteroom-proxy:)'),
  'install-alias': {
    kind: 'optional',
    placeholder: 'dir',
    help: 'write the command configurable-http-proxy, which runs this, beside this one or in dir',
  },
  'log-file': value('file', 'write the log here (0600) instead of to stdout'),
  'log-file-max-bytes': value('n', 'keep only the newest half once a log file is larger (default: 10485760)'),
  'access-log': value('file', 'a JSON line for each request (0600), and X-Request-ID; - is stdout'),
  version: toggle('print the version'),
  help: toggle('print this text'),
} as const satisfies Record<string, FlagSpec>;

export type FlagName = keyof typeof FLAGS;
const SHORT: ReadonlyMap<string, FlagName> = new Map([
  ['V', 'version'],
  ['h', 'help'],
]);

/** Parsed flags: nothing interpreted, last one wins (as commander does). */
export class Flags {
  readonly #values = new Map<FlagName, string[]>();

  /** @throws UsageError for an unknown flag, a missing value, or a stray argument */
  static parse(argv: readonly string[]): Flags {
    const flags = new Flags();
    for (let index = 0; index < argv.length; index += 1) {
      const argument = argv[index] ?? '';
      const { name, inline } = splitFlag(argument);
      const spec: FlagSpec = FLAGS[name];
      if (spec.kind === 'switch') {
        if (inline !== undefined) throw new UsageError(`option '--${name}' takes no value`);
        flags.#add(name, '');
        continue;
      }
      let text = inline;
      if (text === undefined && spec.kind === 'optional') {
        const next = argv[index + 1];
        text = next === undefined || next.startsWith('-') ? '' : next;
        if (text !== '') index += 1;
      }
      if (text === undefined) {
        index += 1;
        text = argv[index];
      }
      if (text === undefined)
        throw new UsageError(`option '--${name} <${spec.placeholder}>' argument missing`);
      flags.#add(name, text);
    }
    return flags;
  }

  has(name: FlagName): boolean {
    return this.#values.has(name);
  }

  get(name: FlagName): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: FlagName): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  #add(name: FlagName, text: string): void {
    const list = this.#values.get(name) ?? [];
    list.push(text);
    this.#values.set(name, list);
  }
}

function splitFlag(argument: string): { readonly name: FlagName; readonly inline: string | undefined } {
  if (/^-[A-Za-z]$/.test(argument)) {
    const name = SHORT.get(argument.slice(1));
    if (name) return { name, inline: undefined };
  }
  if (!argument.startsWith('--')) {
    throw new UsageError(
      argument.startsWith('-')
        ? `unknown option '${argument.slice(0, 80)}'`
        : `too many arguments: '${argument.slice(0, 80)}'`,
    );
  }
  const equals = argument.indexOf('=');
  const name = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
  if (!isFlag(name)) throw new UsageError(`unknown option '--${name.slice(0, 80)}'`);
  return { name, inline: equals < 0 ? undefined : argument.slice(equals + 1) };
}

function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}

export function helpText(): string {
  const rows = Object.entries(FLAGS).map(([name, spec]: [string, FlagSpec]) => {
    const left = `  --${name}${spec.placeholder ? ` <${spec.placeholder}>` : ''}`;
    return `${left.padEnd(36)} ${spec.help}`;
  });
  return [
    'Usage: anteroom-proxy [options]',
    '',
    'A routing proxy with the flags and REST API of configurable-http-proxy 5.3.0.',
    '',
    ...rows,
    '',
    'Environment: CONFIGPROXY_AUTH_TOKEN (token of the REST API), CONFIGPROXY_SSL_KEY_PASSPHRASE,',
    'CONFIGPROXY_API_SSL_KEY_PASSPHRASE, CONFIGPROXY_REDIS_URL.',
    '',
  ].join('\n');
}
