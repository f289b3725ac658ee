import { isMap, type Json, type JsonMap, type Stored } from './objects.js';
import { badRequest } from './status.js';

export type Match = (object: Stored) => boolean;

/** `a=b,c!=d,e in (f,g),h,!i` (Kubernetes, "Labels and Selectors"). @throws ApiFailure 400 */
export function labelMatch(selector: string): Match {
  const requirements = split(selector).map(requirement);
  return (object) => requirements.every((one) => one(object.metadata.labels ?? {}));
}

function split(selector: string): string[] {
  return (selector.match(/(?:[^,(]|\([^)]*\))+/g) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function requirement(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set) {
    const [, key = '', how, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => {
      const value = labels[key];
      return how === 'in'
        ? value !== undefined && values.includes(value)
        : value === undefined || !values.includes(value);
    };
  }
  const pair = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (pair) {
    const [, key = '', how, value = ''] = pair;
    return (labels) => (how === '!=' ? labels[key] !== value : labels[key] === value);
  }
  const exists = /^(!?)([\w./-]+)$/.exec(text);
  if (!exists) throw badRequest(`unable to parse requirement: found '${text}'`);
  const [, not, key = ''] = exists;
  return (labels) => key in labels !== (not === '!');
}

/** Fields that a real server lets one select by, beside metadata.name and metadata.namespace. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'reason',
    'type',
  ],
  Secret: ['type'],
  Namespace: ['status.phase'],
};

export function fieldMatch(selector: string, kind: string): Match {
  const tests = split(selector).map((text) => {
    const [, path = '', how = '', value = ''] = /^([^!=]+)(==|=|!=)(.*)$/.exec(text) ?? [];
    if (how === '') throw badRequest(`invalid selector: '${selector}'; can't understand '${text}'`);
    const own = FIELDS[kind];
    if (!['metadata.name', 'metadata.namespace', ...(own ?? [])].includes(path))
      throw badRequest(
        own
          ? `field label not supported: ${path}`
          : `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    return (object: Stored) => (at(object, path) === value) === (how !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

function at(object: JsonMap, path: string): string {
  let value: Json | undefined = object;
  for (const step of path.split('.')) value = isMap(value) ? value[step] : undefined;
  return typeof value === 'string' ? value : '';
}
