/** What JupyterHub 6.1.1 gives a site's Jinja2 templates beside plain values, and what of it is not here. */

import { type Callable, callable } from '../../core/jinja/signature.js';
import { ALL, type ScopeSet } from '../../core/scopes/index.js';

/** Functions among the variables of every page, with their parameters. */
export const PAGE_FUNCTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['static_url', ['path', 'include_version']],
  ['url_path_join', ['*pieces']],
]);

export function pageFunctions(
  staticUrl: (path: string, includeVersion?: boolean) => string,
): Readonly<Record<string, Callable>> {
  const run: Readonly<Record<string, (...values: never[]) => unknown>> = {
    static_url: (path: string, includeVersion?: boolean) => staticUrl(path, includeVersion),
    url_path_join: (pieces: readonly unknown[]) => urlPathJoin(pieces.map(String)),
  };
  const functions: Record<string, Callable> = {};
  for (const [name, parameters] of PAGE_FUNCTIONS) functions[name] = callable(parameters, run[name] as never);
  return functions;
}

/** Joins with one slash between, and keeps the first and the last (JupyterHub 6.1.1 utils.py `url_path_join`). */
function urlPathJoin(pieces: readonly string[]): string {
  const joined = pieces
    .map((piece) => piece.replace(/^\/+|\/+$/g, ''))
    .filter((piece) => piece !== '')
    .join('/');
  const path = `${pieces[0]?.startsWith('/') ? '/' : ''}${joined}${pieces.at(-1)?.endsWith('/') ? '/' : ''}`;
  return path === '//' ? '/' : path;
}

/** `parsed_scopes` and `expanded_scopes` of whoever asks (JupyterHub 6.1.1 `template_namespace`). */
export function scopeVariables(scopes: ScopeSet | undefined): Readonly<Record<string, unknown>> {
  const parsed: Record<string, unknown> = {};
  for (const base of scopes?.bases() ?? []) {
    const grant = scopes?.grant(base);
    parsed[base] =
      grant === ALL || grant === undefined
        ? true
        : Object.fromEntries(Object.entries(grant).map(([kind, names]) => [kind, new Set(names)]));
  }
  return { parsed_scopes: parsed, expanded_scopes: new Set(scopes?.toList()), version_hash: '' };
}

const SERVERS = 'home.html has default_server and spawners, with name, url, state, active, ready, started';

/** Names of JupyterHub's variables, and of attributes of `user`, that a template cannot have here. */
export const ABSENT: Readonly<Record<string, string>> = {
  auth_state: 'what the authenticator keeps is not shown on pages',
  exception: 'write message, which is what a person may see',
  handler: 'pages do not see the request',
  'user.spawner': SERVERS,
  'user.spawners': SERVERS,
  'user.all_spawners': SERVERS,
  'user.orm_user': 'write user.name or user.admin',
  'user.groups': 'give them by a function of template_vars',
  'user.active': SERVERS,
  'user.running': SERVERS,
  'user.get_auth_state': 'what the authenticator keeps is not shown on pages',
  'authenticator.admin_users': 'write user.admin',
};
