/** Faults of a Python configuration in words: the place, what is there, and what to write instead. Pure. */
import { type PythonFailure, type PythonFault, placeText, type VainCall } from './answer.js';

const MODULE = 'jupyterhub_config.mjs';

/**
 * Settings of the hub and of the plug-ins that come with it which take a function, and how it is written in a module; a test
 * keeps the list whole. Another plug-in's gets a form without names.
 */
export const FUNCTION_FORMS: Readonly<Record<string, string>> = {
  after_pod_created_hook: 'async (spawner, pod) => { … }',
  apply_user_options: 'async (spawner, options) => { … }',
  auth_state_groups_key: '(authState) => […]',
  auth_state_hook: 'async (spawner, authState) => { … }',
  claim_groups_key: '(userInfo) => […]',
  container_security_context: '(spawner) => ({ … })',
  cull_arbiter_hook: 'async (inactive, inactiveLimit, server) => inactive >= inactiveLimit',
  default_url: "(handler) => '/…'",
  environment: "{ NAME: (spawner) => '…' }",
  fs_gid: '(spawner) => 100',
  get_pod_url: "(spawner, pod) => 'http://…'",
  gid: '(spawner) => 100',
  group_overrides: 'async (spawner) => ({ … })',
  modify_auth_state_hook: 'async (authenticator, authState) => authState',
  modify_pod_hook: 'async (spawner, pod) => pod',
  named_server_limit_per_user: '(handler) => 3',
  oauth_client_allowed_scopes: '(spawner) => […]',
  oauth_roles: '(spawner) => […]',
  options_form: "async (spawner) => '<label>…'",
  options_from_form: '(form, spawner) => ({ … })',
  pod_security_context: '(spawner) => ({ … })',
  post_auth_hook: 'async (authenticator, handler, model) => model',
  post_stop_hook: 'async (spawner) => { … }',
  pre_spawn_hook: 'async (spawner) => { … }',
  profile_list: "async (spawner) => [{ display_name: '…' }]",
  progress_ready_hook: 'async (spawner, event) => event',
  reconcile_auth_state_hook: 'async (authenticator, model, existing) => model',
  refresh_user_hook: 'async (authenticator, user, authState) => true',
  server_token_scopes: '(spawner) => […]',
  ssl_alt_names: '(spawner) => […]',
  subdomain_hook: "(name, domain, kind) => '…'",
  supplemental_gids: '(spawner) => […]',
  uid: '(spawner) => 1000',
  user_redirect_hook: 'async (path, request, user, baseUrl) => null',
  username_claim: '(userInfo) => …',
  username_key: '(userInfo) => …',
};

export function formOf(fault: PythonFault): string {
  return FUNCTION_FORMS[fault.trait ?? ''] ?? '(…) => { … }';
}

/** One sentence without its place: for a comment of a converted file. */
export function whatIsThere(fault: PythonFault): string {
  const { path, name = '?' } = fault;
  switch (fault.kind) {
    case 'function':
      return `${path} is ${functionWords(fault)}, and functions of Python do not run here`;
    case 'class':
      return `${path} is the Python class ${name}, and classes of Python do not run here`;
    case 'unknown':
      return `${path} is made with ${name}, and the package ${packageOf(name)} is not installed for python3`;
    case 'object':
      return `${path} is a Python object of the class ${name}, which is no data`;
    case 'environ':
      return `${path} is os.environ itself`;
    case 'key':
      return `${path} is a dictionary with a key of the class ${name}`;
    case 'large-integer':
      return `${path} is a whole number of more than 53 bits`;
    case 'too-deep':
      return `${path} holds lists or dictionaries more than 60 deep, or one that holds itself`;
    case 'nested-section':
      return `${path} is a section within a section`;
    case 'no-section':
      return `${path} sets nothing: settings belong to a class`;
    case 'too-large':
      return 'the settings are larger than 8 MiB';
    default:
      return `${path}: ${fault.kind}`;
  }
}

export function explainFault(fault: PythonFault, file: string): string {
  const place = fault.file === null ? file : placeText(fault);
  return `${place}: ${whatIsThere(fault)}; ${remedy(fault)}`;
}

function remedy(fault: PythonFault): string {
  const target = `c.${fault.section}.${fault.trait}`;
  switch (fault.kind) {
    case 'function':
      return `write it in ${MODULE} as ${target} = ${formOf(fault)} (anteroom config convert makes that file from this one)`;
    case 'class':
      return (fault.trait ?? '').endsWith('_class')
        ? `give a class that is built in by its name, or one of your own as ${target} = 'package#Export' in ${MODULE}`
        : `write what it does in ${MODULE} (anteroom config convert makes that file from this one)`;
    case 'unknown':
      return 'install it there, or write the value itself';
    case 'object':
      return 'give a text, a number, a list or a dictionary, e.g. str(…) or list(…)';
    case 'environ':
      return 'write dict(os.environ), or better only the variables that are needed';
    case 'key':
      return 'use texts for keys';
    case 'nested-section':
      return 'write its settings to the class itself, c.Class.setting = value';
    case 'no-section':
      return `write c.JupyterHub.${fault.path.slice(2)} = …, or the class it belongs to`;
    default:
      return 'give less';
  }
}

function functionWords({ name = '?', defined }: PythonFault): string {
  if (name === '<lambda>') return 'a lambda';
  if (name.startsWith('an object')) return `${name}, which is called like a function`;
  return defined ? `the function ${name} (line ${defined[1]})` : `the function ${name}`;
}

export function explainFailure(failure: PythonFailure, file: string): string {
  const place = failure.file === null ? file : placeText(failure);
  const inside = failure.inside === null ? '' : ` (raised at ${failure.inside})`;
  if (failure.type === 'SystemExit')
    return `${place}: the file ends the program: SystemExit(${failure.message})`;
  const hint =
    failure.type === 'ModuleNotFoundError'
      ? '; the file is run by python3 of PATH: install the package there, or do without it'
      : '';
  return `${place}: ${failure.type}: ${failure.message}${inside}${hint}`;
}

/** A call that would have made settings is a fault; another is worth a warning. */
export function explainCall(call: VainCall): string {
  const packageName = packageOf(call.name);
  const vain = `${placeText(call)}: ${call.name}() was not run: the package ${packageName} is not installed for python3`;
  return call.configures
    ? `${vain}, so what it would set on c is not known; install it there, or write the settings yourself`
    : vain;
}

function packageOf(name: string): string {
  return name.split('.')[0] ?? name;
}
