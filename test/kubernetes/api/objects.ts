/** JSON objects as the server keeps them: never changed in place once stored. */
export type Json = string | number | boolean | null | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json | undefined;
}

export interface Meta extends JsonMap {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly JsonMap[];
  readonly finalizers?: readonly string[];
  readonly generation?: number;
  readonly managedFields?: readonly JsonMap[];
}

export interface Stored extends JsonMap {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapAt(object: JsonMap | undefined, key: string): JsonMap {
  const value = object?.[key];
  return isMap(value) ? value : {};
}

export function listAt(object: JsonMap | undefined, key: string): readonly JsonMap[] {
  const value = object?.[key];
  return Array.isArray(value) ? value.filter(isMap) : [];
}

export function textAt(object: JsonMap | undefined, key: string): string {
  const value = object?.[key];
  return typeof value === 'string' ? value : '';
}

/** RFC 3339 in whole seconds, as metav1.Time writes it. */
export function timestamp(at: number = Date.now()): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
