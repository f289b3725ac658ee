import { type Kind, kindOf } from './kinds.js';
import { type JsonMap, listAt, mapAt, type Stored, textAt } from './objects.js';
import { ApiFailure, forbidden } from './status.js';
import type { Store } from './store.js';

export interface Account {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Question {
  readonly verb: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Everything is allowed to these (RBAC's built-in binding of cluster-admin). */
export const MASTERS: Account = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

export function serviceAccount(namespace: string, name: string): Account {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** RBAC by the roles and bindings that are stored. @throws ApiFailure 403 in a real server's words */
export function checkAccess(store: Store, account: Account, question: Question): void {
  if (account.groups.includes('system:masters') || isAllowed(store, account, question)) return;
  const { verb, kind, namespace, name, subresource } = question;
  const resource = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw forbidden(
    kind,
    name,
    `User "${account.name}" cannot ${verb} resource "${resource}" in API group "${kind.group}" ${where}`,
  );
}

export function unauthorized(): ApiFailure {
  return new ApiFailure(401, 'Unauthorized', 'Unauthorized');
}

function isAllowed(store: Store, account: Account, question: Question): boolean {
  const clusterWide = store.list(kindOf('clusterrolebindings', RBAC), '');
  const own = question.namespace === '' ? [] : store.list(kindOf('rolebindings', RBAC), question.namespace);
  return [...clusterWide, ...own]
    .filter((binding) => names(binding, account))
    .flatMap((binding) => rulesOf(store, binding))
    .some((rule) => permits(rule, question));
}

const RBAC = 'rbac.authorization.k8s.io';

function names(binding: Stored, account: Account): boolean {
  return listAt(binding, 'subjects').some((subject) => {
    const name = textAt(subject, 'name');
    switch (textAt(subject, 'kind')) {
      case 'ServiceAccount':
        return account.name === `system:serviceaccount:${textAt(subject, 'namespace')}:${name}`;
      case 'Group':
        return account.groups.includes(name);
      default:
        return account.name === name;
    }
  });
}

function rulesOf(store: Store, binding: Stored): readonly JsonMap[] {
  const role = mapAt(binding, 'roleRef');
  const name = textAt(role, 'name');
  const found =
    textAt(role, 'kind') === 'ClusterRole'
      ? store.find(kindOf('clusterroles', RBAC), '', name)
      : store.find(kindOf('roles', RBAC), binding.metadata.namespace ?? '', name);
  return listAt(found, 'rules');
}

function permits(rule: JsonMap, { verb, kind, name, subresource }: Question): boolean {
  const has = (key: string, wanted: string): boolean => {
    const list = rule[key];
    return Array.isArray(list) && (list.includes('*') || list.includes(wanted));
  };
  const resource = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`;
  const only = rule['resourceNames'];
  return (
    has('verbs', verb) &&
    has('apiGroups', kind.group) &&
    has('resources', resource) &&
    (!Array.isArray(only) || only.length === 0 || only.includes(name))
  );
}
