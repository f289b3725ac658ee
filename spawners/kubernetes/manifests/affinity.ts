/** Where a pod may, should and must not run (kubespawner/objects.py 7.1 `make_pod`). */
import type { JsonObject } from '../../../core/model/json.js';
import { eachInOwnNames, type ModelName } from './fields.js';
import { inOrder, type ServerFacts } from './server.js';

type Trait =
  | 'node_affinity_preferred'
  | 'node_affinity_required'
  | 'pod_affinity_preferred'
  | 'pod_affinity_required'
  | 'pod_anti_affinity_preferred'
  | 'pod_anti_affinity_required';

export function affinityOf({ config }: Pick<ServerFacts, 'config'>): JsonObject | undefined {
  const terms = (trait: Trait, model: ModelName): readonly JsonObject[] | undefined => {
    const given = inOrder(config[trait]);
    return given.length > 0 ? eachInOwnNames(model, given, trait) : undefined;
  };
  const nodes = terms('node_affinity_required', 'node selector term');
  const whole = {
    nodeAffinity: rules(
      terms('node_affinity_preferred', 'preferred scheduling term'),
      nodes && { nodeSelectorTerms: nodes },
    ),
    podAffinity: rules(
      terms('pod_affinity_preferred', 'weighted pod affinity term'),
      terms('pod_affinity_required', 'pod affinity term'),
    ),
    podAntiAffinity: rules(
      terms('pod_anti_affinity_preferred', 'weighted pod affinity term'),
      terms('pod_anti_affinity_required', 'pod affinity term'),
    ),
  };
  const present = Object.entries(whole).filter(([, value]) => value !== undefined);
  return present.length > 0 ? (Object.fromEntries(present) as JsonObject) : undefined;
}

function rules(
  preferred: readonly JsonObject[] | undefined,
  required: readonly JsonObject[] | JsonObject | undefined,
): JsonObject | undefined {
  if (!preferred && !required) return undefined;
  return {
    ...(preferred && { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
    ...(required && { requiredDuringSchedulingIgnoredDuringExecution: required as JsonObject }),
  };
}
