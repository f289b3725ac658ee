import * as t from '../core/config/traits.js';

/** The own traits of `c.JupyterHub` (jupyterhub.app.JupyterHub 6.1.1), in its alphabetical order. */

const text = t.unicode();
const record = t.dict(t.anything);
const PORT = { min: 0, max: 65535 } as const;

export type UserPageHook = (handler: unknown) => string | Promise<string>;
export type LimitHook = (handler: unknown) => number | Promise<number>;
export type RedirectHook = (
  path: string,
  request: unknown,
  user: unknown,
  baseUrl: string,
) => string | null | Promise<string | null>;
export type SubdomainHook = (name: string, domain: string, kind: string) => string;

function moved(className: string, trait: string, since: string): t.Deprecation {
  return { use: `${className}.${trait}`, since, target: { className, trait } };
}

export const hubTraits = {
  active_server_limit: t.integer(0, {
    min: 0,
    help: 'How many servers may run at once over all users; 0 for no limit.',
  }),
  active_user_window: t.integer(1800, {
    help: 'Seconds after the last activity for which a user still counts as active.',
  }),
  activity_resolution: t.integer(30, {
    help: 'Activity that is newer by fewer seconds than this is not written.',
  }),
  admin_access: t.bool(false, {
    help: 'Whether servers get JUPYTERHUB_ADMIN_ACCESS, and `POST /users/:name/admin-access` answers; neither lets anybody in. The role `admin` may enter all servers without it.',
    deprecated: { use: 'roles (JupyterHub.load_roles), with the scope access:servers', since: '2.0' },
  }),
  admin_users: t.set(text, new Set(), {
    help: 'Names that are administrators.',
    deprecated: moved('Authenticator', 'admin_users', '0.7.2'),
  }),
  allow_existing_invalid_named_servers: t.enumeration(
    ['allow-start', 'allow-delete', 'autorename'],
    'allow-start',
    {
      help: 'What happens to servers whose name is no longer allowed: they may start, may only be deleted, or are renamed.',
    },
  ),
  allow_named_servers: t.bool(false, {
    help: 'Users may have further servers beside the default one, each with a name.',
  }),
  answer_yes: t.bool(false, { help: 'Answer every question with yes.' }),
  api_page_default_limit: t.integer(50, {
    min: 1,
    help: 'Entries on a page of a list for clients that asked for pages.',
  }),
  api_page_max_limit: t.integer(200, { min: 1, help: 'The most entries on a page of a list.' }),
  api_tokens: t.dict(
    text,
    {},
    {
      secret: true,
      help: 'Tokens made beforehand: from token to user name.',
      deprecated: { use: 'JupyterHub.service_tokens', since: '0.8' },
    },
  ),
  authenticate_prometheus: t.bool(true, { help: 'Metrics need the scope read:metrics.' }),
  authenticator_class: t.classRef('jupyterhub.auth.PAMAuthenticator', {
    help: 'Who signs users in: a short name, a dotted path of JupyterHub, or package#Export.',
  }),
  base_url: t.urlPrefix('/', { help: 'Path under which everything is; follows the path of bind_url.' }),
  bind_url: t.unicode('http://:8000', {
    help: 'Where the proxy listens for the world: scheme, address, port and path. https when ssl_cert is set.',
  }),
  cleanup_proxy: t.bool(true, { help: 'Stop the proxy when the hub ends in order.' }),
  cleanup_servers: t.bool(true, { help: 'Stop all servers when the hub ends in order.' }),
  concurrent_spawn_limit: t.integer(100, {
    min: 0,
    help: 'Starts that may be under way at once; 0 for no limit.',
  }),
  config_file: t.unicode('jupyterhub_config.py', {
    help: 'The configuration file. Without it jupyterhub_config.mjs, .js, .json or .yaml of the working directory is read.',
  }),
  confirm_no_ssl: t.bool(false, {
    help: 'Does nothing.',
    deprecated: { use: 'nothing: it can be left out', since: '0.7' },
  }),
  cookie_host_prefix_enabled: t.bool(false, {
    help: 'Give cookies the prefix __Host-, which ties them to this host. Needs https.',
  }),
  cookie_max_age_days: t.float(14, { help: 'Days that a sign-in lasts.' }),
  cookie_secret_file: t.unicode('jupyterhub_cookie_secret', {
    help: 'File of the key that signs cookies; made when missing, refused when others can read it.',
  }),
  custom_scopes: t.dict(record, {}, { help: 'Scopes of your own, named custom:…, for services to check.' }),
  data_files_path: t.unicode('', {
    help: 'Directory of templates and static files.',
    defaultText: 'the directory of the package',
  }),
  db_kwargs: t.dict(t.anything, {}, { help: 'Further arguments for the database connection.' }),
  db_url: t.unicode('sqlite:///jupyterhub.sqlite', {
    help: 'The database. A plain file name means SQLite.',
  }),
  debug_db: t.bool(false, { help: 'Log every statement to the database.' }),
  debug_proxy: t.bool(false, {
    help: 'Ask the proxy for its debug log.',
    deprecated: moved('ConfigurableHTTPProxy', 'debug', '0.8'),
  }),
  default_server_name: t.unicode('', {
    help: 'The named server that stands in for the default one. Needs allow_named_servers.',
  }),
  default_url: t.union([text, t.functionOf<UserPageHook>()], '', {
    help: 'Where users arrive after signing in, or a function that says so. Empty: their server.',
  }),
  external_ssl_authorities: t.dict(
    t.anything,
    {},
    { help: 'Certificate authorities of others for internal_ssl.' },
  ),
  extra_handlers: t.list(t.anything, [], {
    help: 'Further request handlers.',
    deprecated: { use: 'JupyterHub.services', since: '3.1' },
  }),
  extra_log_file: t.unicode('', {
    help: 'A file for the log beside the terminal.',
    deprecated: { use: 'the redirection of your shell or supervisor', since: '0.8.2' },
  }),
  extra_log_handlers: t.list(t.anything, [], { help: "Further handlers of Python's logging." }),
  extra_user_scopes: t.set(text, new Set(), { help: 'Scopes that the role `user` holds beside its own.' }),
  forwarded_host_header: t.unicode('', {
    help: 'Header that carries the host which the browser asked for. Empty: Host.',
  }),
  generate_certs: t.bool(false, { help: 'Make the certificates of internal_ssl and end.' }),
  generate_config: t.bool(false, {
    help: 'Write a configuration file with every setting explained and end.',
  }),
  hub_bind_url: t.unicode('', { help: 'Where the hub itself listens. Empty: made of hub_ip and hub_port.' }),
  hub_connect_ip: t.unicode('', {
    help: "Address or host name under which proxy and servers reach the hub. Empty: hub_ip, or this host's name.",
  }),
  hub_connect_port: t.integer(0, {
    ...PORT,
    help: 'Port under which proxy and servers reach the hub.',
    deprecated: { use: 'JupyterHub.hub_connect_url', since: '0.9' },
  }),
  hub_connect_url: t.unicode('', {
    help: 'URL under which proxy and servers reach the hub. Needed when hub_bind_url is a Unix socket.',
  }),
  hub_ip: t.unicode('127.0.0.1', { help: 'Address that the hub itself listens on; empty means all.' }),
  hub_port: t.integer(8081, { ...PORT, help: 'Port that the hub itself listens on.' }),
  hub_routespec: t.unicode('/', {
    help: "The proxy's route to the hub.",
    defaultText: 'base_url, or / under subdomains',
  }),
  hub_socket_mode: t.integer(0o600, { min: 0, max: 0o777, help: "File mode of the hub's Unix socket." }),
  implicit_spawn_seconds: t.float(0, {
    min: 0,
    help: 'Seconds after which the page of a stopped server starts it by itself; 0 never.',
  }),
  init_spawners_timeout: t.integer(10, {
    help: 'Seconds that the start waits for the check of servers of an earlier run; below 0 waits for all.',
  }),
  internal_certs_location: t.unicode('internal-ssl', {
    help: 'Directory of the certificates of internal_ssl.',
  }),
  internal_ssl: t.bool(false, {
    help: 'TLS with certificates on both sides between hub, proxy and servers.',
  }),
  ip: t.unicode('', {
    help: 'Address that the proxy listens on; part of bind_url, which is the better place.',
  }),
  jinja_environment_options: t.dict(
    t.anything,
    {},
    {
      help: 'Options for `.html` templates: `trim_blocks` and `lstrip_blocks`.',
    },
  ),
  last_activity_interval: t.integer(300, {
    help: 'Seconds between two questions to the proxy for activity; 0 switches this off.',
  }),
  load_groups: t.dict(
    t.union([record, t.list(text)], {}),
    {},
    { help: 'Groups to make at start: from name to `users` and `properties`. Nothing is taken away.' },
  ),
  load_roles: t.list(record, [], {
    help: 'Roles to make at start: `name`, `description`, `scopes`, `users`, `groups`, `services`.',
  }),
  logo_file: t.unicode('', { help: 'The picture in the page head.', defaultText: 'our own' }),
  named_server_limit_per_user: t.union([t.integer(), t.functionOf<LimitHook>()], 0, {
    help: 'How many named servers a user may have, or a function that says so; 0 for no limit.',
  }),
  oauth_require_pkce: t.bool(false, { help: 'Refuse OAuth clients that send no PKCE challenge.' }),
  oauth_token_expires_in: t.integer(0, {
    min: 0,
    help: 'Seconds that OAuth tokens live.',
    defaultText: 'cookie_max_age_days in seconds',
  }),
  pid_file: t.unicode('', { help: "File for the hub's pid. Empty: none." }),
  port: t.integer(8000, {
    ...PORT,
    help: 'Port that the proxy listens on; part of bind_url, which is the better place.',
  }),
  proxy_api_ip: t.unicode('', {
    help: "Address of the proxy's REST API.",
    deprecated: { use: 'ConfigurableHTTPProxy.api_url', since: '0.8' },
  }),
  proxy_api_port: t.integer(0, {
    ...PORT,
    help: "Port of the proxy's REST API.",
    deprecated: { use: 'ConfigurableHTTPProxy.api_url', since: '0.8' },
  }),
  proxy_auth_token: t.unicode('', {
    secret: true,
    help: "Token of the proxy's REST API.",
    deprecated: moved('ConfigurableHTTPProxy', 'auth_token', '0.8'),
  }),
  proxy_check_interval: t.integer(5, {
    help: 'Seconds between two looks at the proxy.',
    deprecated: moved('ConfigurableHTTPProxy', 'check_running_interval', '0.8'),
  }),
  proxy_class: t.classRef('jupyterhub.proxy.ConfigurableHTTPProxy', {
    help: 'How the proxy is driven: a short name, a dotted path of JupyterHub, or package#Export.',
  }),
  proxy_cmd: t.command([], {
    help: "The proxy's program.",
    deprecated: moved('ConfigurableHTTPProxy', 'command', '0.8'),
  }),
  public_url: t.unicode('', {
    help: 'The URL under which browsers reach us, when it cannot be told from their requests.',
    defaultText: 'made of subdomain_host when that is set',
  }),
  recreate_internal_certs: t.bool(false, { help: 'Make the certificates of internal_ssl anew.' }),
  redirect_to_server: t.bool(true, {
    help: "After signing in go to one's own server rather than to the home page.",
  }),
  reset_db: t.bool(false, { help: 'Delete everything in the database at start.' }),
  service_check_interval: t.integer(60, {
    help: 'Seconds between two looks at the services; 0 switches this off.',
  }),
  service_tokens: t.dict(
    text,
    {},
    { secret: true, help: 'Tokens made beforehand: from token to service name.' },
  ),
  services: t.list(record, [], {
    secret: 'values',
    help: 'Services to run or to know: `name`, `url`, `api_token`, `command` and more.',
  }),
  shutdown_on_logout: t.bool(false, { help: "Stop a user's servers at logout." }),
  spawn_throttle_retry_range: t.list(t.integer(0, { min: 0 }), [30, 60], {
    help: 'The least and the most seconds after which a client that met a limit is told to try again.',
  }),
  spawner_class: t.classRef('jupyterhub.spawner.LocalProcessSpawner', {
    help: 'What starts servers: a short name, a dotted path of JupyterHub, or package#Export.',
  }),
  ssl_cert: t.unicode('', { help: "File of the proxy's certificate; turns on https." }),
  ssl_key: t.unicode('', { help: "File of the proxy's private key." }),
  subdomain_hook: t.union([t.functionOf<SubdomainHook>(), text], 'idna', {
    help: 'How the host name of a user or service is made: `idna`, `legacy`, or a function of name, domain and kind.',
  }),
  subdomain_host: t.unicode('', {
    help: 'The host below which every user has a host name of their own. Empty: all share one host.',
  }),
  template_paths: t.list(t.anything, [], { help: 'Directories searched for templates before our own.' }),
  template_vars: t.dict(
    t.anything,
    {},
    { help: 'Further variables for all templates; a function is called with the user.' },
  ),
  token_expires_in_max_seconds: t.integer(0, {
    min: 0,
    help: 'The longest life of a token made over the API; 0 for no limit.',
  }),
  tornado_settings: t.dict(
    t.anything,
    {},
    {
      secret: 'values',
      help: "Settings of JupyterHub's web framework; those that mean something here are `headers`, `cookie_options` and a few more.",
    },
  ),
  trust_user_provided_tokens: t.bool(false, {
    help: 'Take tokens of a configuration for as random as our own.',
  }),
  trusted_alt_names: t.list(text, [], { help: 'Further names in the certificates of internal_ssl.' }),
  trusted_downstream_ips: t.list(text, [], {
    help: "Addresses of proxies before ours; skipped when the client's address is read.",
  }),
  upgrade_db: t.bool(false, {
    help: 'Bring the database up to date at start, with a backup of an SQLite file.',
  }),
  use_legacy_stopped_server_status_code: t.bool(false, {
    help: 'Answer 503 rather than 424 for a server that does not run.',
  }),
  user_redirect_hook: t.callable<RedirectHook>({
    help: 'Says where /hub/user-redirect/… goes; null for the usual way.',
  }),
} as const;
