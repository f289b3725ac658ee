// Makes test/fixtures/kubernetes-schema.json of the API's own description, as `kubectl get --raw /openapi/v2` or
// Kubernetes' source (api/openapi-spec/swagger.json) gives it:  node record.mjs swagger.json v1.36.2
// Kept are the fields with their types and the keys of lists, for the kinds below and all they refer to; no prose.
import { readFileSync, writeFileSync } from 'node:fs';

const KINDS = [
  [
    '',
    'v1',
    'core',
    ['Pod', 'Service', 'Secret', 'ConfigMap', 'PersistentVolumeClaim', 'Namespace', 'Event'],
  ],
  ['', 'v1', 'core', ['ServiceAccount', 'ResourceQuota', 'Endpoints']],
  ['rbac.authorization.k8s.io', 'v1', 'rbac', ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']],
  ['apps', 'v1', 'apps', ['Deployment']],
  ['networking.k8s.io', 'v1', 'networking', ['NetworkPolicy', 'Ingress']],
  ['policy', 'v1', 'policy', ['PodDisruptionBudget']],
];

const [source, version] = process.argv.slice(2);
const { definitions } = JSON.parse(readFileSync(source, 'utf8'));
const types = {};
const kinds = {};
for (const [group, apiVersion, folder, names] of KINDS)
  for (const name of names)
    kinds[`${group === '' ? apiVersion : `${group}/${apiVersion}`}/${name}`] = take(
      `io.k8s.api.${folder}.${apiVersion}.${name}`,
    );

const target = new URL('../../fixtures/kubernetes-schema.json', import.meta.url);
const origin = `Kubernetes ${version}, api/openapi-spec/swagger.json, by test/kubernetes/schema/record.mjs`;
writeFileSync(target, `${JSON.stringify({ origin, kinds, types: sorted(types) })}\n`);

/** Keeps a definition and what it refers to; gives its short name. */
function take(path) {
  const name = path.replace(/^io\.k8s\.(api|apimachinery\.pkg\.apis|apimachinery\.pkg)\./, '');
  if (types[name] !== undefined) return name;
  const definition = definitions[path];
  if (definition.properties === undefined) {
    types[name] = scalar(definition);
    return name;
  }
  const fields = {};
  types[name] = { fields };
  if (definition.required) types[name].required = definition.required;
  for (const [field, schema] of Object.entries(definition.properties)) fields[field] = type(schema);
  return name;
}

/** `string`, `integer`, ..., `@name`, or one of `{ list }`, `{ map }`. */
function type(schema) {
  if (schema.$ref) return `@${take(schema.$ref.replace('#/definitions/', ''))}`;
  if (schema.type === 'array') {
    const keys = schema['x-kubernetes-list-map-keys'];
    const set = schema['x-kubernetes-list-type'] === 'set';
    return { list: type(schema.items), ...(keys ? { keys } : {}), ...(set ? { set } : {}) };
  }
  if (schema.type === 'object' && schema.additionalProperties)
    return { map: type(schema.additionalProperties) };
  return scalar(schema);
}

function scalar(schema) {
  if (schema.format === 'int-or-string') return 'int-or-string';
  if (schema.format === 'date-time') return 'time';
  if (schema.format === 'byte') return 'bytes';
  return schema.type ?? 'any';
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
