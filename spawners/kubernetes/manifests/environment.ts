/**
 * The container's variables, in an order in which `$(OTHER)` finds its value as often as it can
 * (kubespawner/objects.py 7.1 `make_pod`).
 */
import type { JsonObject, JsonValue } from '../../../core/model/json.js';
import { expandAll } from '../names/names.js';
import { inOwnNames } from './fields.js';
import { byCodePoint, type ServerFacts } from './server.js';

/** The two names of the server's API token, and the key of the Secret that holds it. */
const TOKEN_VARIABLES = ['JUPYTERHUB_API_TOKEN', 'JPY_API_TOKEN'] as const;
export const TOKEN_KEY = 'token';

interface Variable {
  readonly key: string;
  readonly name: string;
  readonly object: JsonObject;
  /** Names of other variables that its value mentions. */
  readonly needs: ReadonlySet<string>;
}

/** The value of the API token among the variables that the hub gives. */
export function apiTokenOf(environment: Readonly<Record<string, string>>): string {
  return environment[TOKEN_VARIABLES[0]] ?? '';
}

export function variablesOf(server: ServerFacts): readonly JsonObject[] {
  const { config, environment, fields, tokenSecret, certificateSecret } = server;
  const named = new Map<string, Variable>();
  const given = {
    ...environment,
    ...(tokenSecret !== undefined && tokenReferences(environment, tokenSecret)),
    JUPYTER_IMAGE_SPEC: config.image,
    JUPYTER_IMAGE: config.image,
    ...expanded(config.environment, fields),
    ...(certificateSecret !== undefined && certificatePaths(config.secret_mount_path)),
  };
  for (const [key, value] of Object.entries(given)) {
    const variable = variableOf(key, value);
    named.set(variable.name, variable);
  }
  return sorted([...named.values()]).map((variable) => variable.object);
}

function tokenReferences(
  environment: Readonly<Record<string, string>>,
  secret: string,
): Record<string, JsonValue> {
  const reference = { valueFrom: { secretKeyRef: { name: secret, key: TOKEN_KEY } } };
  return Object.fromEntries(
    TOKEN_VARIABLES.filter((name) => Object.hasOwn(environment, name)).map((name) => [name, reference]),
  );
}

function certificatePaths(directory: string): Record<string, string> {
  return {
    JUPYTERHUB_SSL_KEYFILE: `${directory}ssl.key`,
    JUPYTERHUB_SSL_CERTFILE: `${directory}ssl.crt`,
    JUPYTERHUB_SSL_CLIENT_CA: `${directory}notebooks-ca_trust.crt`,
  };
}

/** Only what the configuration says has template fields; what its functions gave is in the hub's variables already. */
function expanded(
  configured: ServerFacts['config']['environment'],
  fields: ServerFacts['fields'],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configured)
      .filter(([, value]) => typeof value !== 'function')
      .map(([name, value]) => [name, expandAll(value, fields)]),
  );
}

function variableOf(key: string, value: unknown): Variable {
  const object: JsonObject =
    typeof value === 'object' && value !== null
      ? inOwnNames('variable', { name: key, ...value }, 'environment')
      : { name: key, value: value as JsonValue };
  const name = String(object['name']);
  return { key, name, object, needs: mentioned(object['value'], name) };
}

function mentioned(text: JsonValue | undefined, self: string): ReadonlySet<string> {
  if (typeof text !== 'string') return new Set();
  const names = [...text.matchAll(/\$\(([^)]+)\)/g)].map((match) => match[1] ?? '');
  return new Set(names.filter((name) => name !== self));
}

/** Batches of those whose needs are met, each in the order of its keys; circles and unknown names come last. */
function sorted(variables: readonly Variable[]): readonly Variable[] {
  const done: Variable[] = [];
  const met = new Set<string>();
  let left = [...variables].sort((a, b) => byCodePoint(a.key, b.key));
  for (;;) {
    const ready = left.filter(({ needs }) => [...needs].every((name) => met.has(name)));
    if (ready.length === 0) return [...done, ...left];
    done.push(...ready);
    left = left.filter((variable) => !ready.includes(variable));
    for (const { name } of ready) met.add(name);
  }
}
