import type { Kind } from './kinds.js';
import { type JsonMap, listAt, mapAt, textAt } from './objects.js';
import { type Cause, invalid } from './status.js';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const WORDS = {
  subdomain:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  label:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  value:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
} as const;

/** The rules that a hub can run into; a real server has many more. @throws ApiFailure 422 */
export function validate(kind: Kind, object: JsonMap): void {
  const causes = [...metadataFaults(kind, object), ...(RULES[kind.kind]?.(object) ?? [])];
  if (causes.length > 0) throw invalid(kind, textAt(mapAt(object, 'metadata'), 'name'), causes);
}

function metadataFaults(kind: Kind, object: JsonMap): Cause[] {
  const metadata = mapAt(object, 'metadata');
  const name = textAt(metadata, 'name');
  const faults: Cause[] = [];
  if (name === '') faults.push(required('metadata.name', 'name or generateName is required'));
  // names of these become names in the DNS; those of RBAC may be anything that is one step of a path
  // 1.36 lets a service's name begin with a digit (RelaxedServiceNameValidation)
  else if (kind.kind === 'Namespace' || kind.kind === 'Service')
    faults.push(...nameFaults(name, 63, LABEL, WORDS.label));
  else if (kind.group !== 'rbac.authorization.k8s.io')
    faults.push(...nameFaults(name, 253, SUBDOMAIN, WORDS.subdomain));
  for (const value of Object.values(mapAt(metadata, 'labels'))) {
    if (typeof value !== 'string') continue;
    const field = 'metadata.labels';
    if (value.length > 63) faults.push(bad(field, value, 'must be no more than 63 bytes'));
    if (!VALUE.test(value)) faults.push(bad(field, value, WORDS.value));
  }
  return faults;
}

function nameFaults(name: string, longest: number, pattern: RegExp, words: string): Cause[] {
  const faults: Cause[] = [];
  if (name.length > longest) faults.push(bad('metadata.name', name, `must be no more than ${longest} bytes`));
  if (!pattern.test(name)) faults.push(bad('metadata.name', name, words));
  return faults;
}

const RULES: Readonly<Record<string, (object: JsonMap) => Cause[]>> = {
  Pod: (pod) => podFaults(mapAt(pod, 'spec')),
  PersistentVolumeClaim: (claim) => claimFaults(mapAt(claim, 'spec')),
  Service: (service) => {
    const ports = listAt(mapAt(service, 'spec'), 'ports');
    const external = textAt(mapAt(service, 'spec'), 'type') === 'ExternalName';
    const headless = textAt(mapAt(service, 'spec'), 'clusterIP') === 'None';
    return ports.length === 0 && !external && !headless ? [required('spec.ports')] : [];
  },
};

function podFaults(spec: JsonMap): Cause[] {
  const faults: Cause[] = [];
  const volumes = new Set(listAt(spec, 'volumes').map((volume) => textAt(volume, 'name')));
  if (listAt(spec, 'containers').length === 0) faults.push(required('spec.containers'));
  const names = new Set<string>();
  for (const list of ['initContainers', 'containers']) {
    for (const [index, container] of listAt(spec, list).entries()) {
      const at = `spec.${list}[${index}]`;
      const name = textAt(container, 'name');
      if (name === '') faults.push(required(`${at}.name`));
      else if (!LABEL.test(name)) faults.push(bad(`${at}.name`, name, WORDS.label));
      if (names.has(name))
        faults.push({
          reason: 'FieldValueDuplicate',
          message: `Duplicate value: "${name}"`,
          field: `${at}.name`,
        });
      names.add(name);
      if (textAt(container, 'image') === '') faults.push(required(`${at}.image`));
      faults.push(...mountFaults(container, at, volumes));
    }
  }
  return faults;
}

function mountFaults(container: JsonMap, at: string, volumes: ReadonlySet<string>): Cause[] {
  const faults: Cause[] = [];
  for (const [index, mount] of listAt(container, 'volumeMounts').entries()) {
    const name = textAt(mount, 'name');
    const field = `${at}.volumeMounts[${index}]`;
    if (!volumes.has(name))
      faults.push({ reason: 'FieldValueNotFound', message: `Not found: "${name}"`, field: `${field}.name` });
    if (textAt(mount, 'mountPath') === '') faults.push(required(`${field}.mountPath`));
  }
  return faults;
}

function claimFaults(spec: JsonMap): Cause[] {
  const faults: Cause[] = [];
  const modes = spec['accessModes'];
  if (!Array.isArray(modes) || modes.length === 0)
    faults.push(required('spec.accessModes', 'at least 1 access mode is required'));
  if (mapAt(mapAt(spec, 'resources'), 'requests')['storage'] === undefined)
    faults.push(required('spec.resources[storage]'));
  return faults;
}

function required(field: string, why = ''): Cause {
  return { reason: 'FieldValueRequired', message: `Required value${why ? `: ${why}` : ''}`, field };
}

function bad(field: string, value: string, why: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}
