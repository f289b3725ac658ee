import { KINDS, type Kind } from './kinds.js';

/** A request for objects, taken apart. */
export interface ApiRequest {
  readonly method: string;
  readonly kind: Kind;
  /** `''`: cluster-wide. */
  readonly namespace: string;
  /** `''`: the collection. */
  readonly name: string;
  /** `status`, `log`, or `''`. */
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/** `undefined` when the path names nothing that the server keeps. */
export function parseRequest(method: string, url: string): ApiRequest | undefined {
  const { pathname, searchParams } = new URL(url, 'http://server');
  const steps = pathname.split('/').slice(1).map(decodeURIComponent);
  const [root, ...path] = steps;
  const group = root === 'apis' ? path.shift() : '';
  if ((root !== 'api' && root !== 'apis') || group === undefined) return undefined;
  const version = path.shift();
  let namespace = '';
  // /namespaces/N/pods is of a namespace; /namespaces/N is the namespace itself
  if (path[0] === 'namespaces' && path.length > 2 && !['status', 'finalize'].includes(path[2] ?? '')) {
    namespace = path[1] ?? '';
    path.splice(0, 2);
  }
  const [plural, name = '', subresource = '', ...more] = path;
  const kind = KINDS.find((one) => one.group === group && one.version === version && one.plural === plural);
  if (!kind || more.length > 0) return undefined;
  if (kind.namespaced && namespace === '' && name !== '') return undefined;
  return { method, kind, namespace, name, subresource, query: searchParams };
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** RBAC's word for it. */
export function verbOf({ method, name, query }: ApiRequest): string {
  if (method !== 'GET')
    return method === 'DELETE' && name === '' ? 'deletecollection' : (VERBS[method] ?? 'unknown');
  if (query.get('watch') === 'true' || query.get('watch') === '1') return 'watch';
  return name === '' ? 'list' : 'get';
}
