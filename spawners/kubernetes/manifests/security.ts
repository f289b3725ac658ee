/** Under whom a pod and its container run (kubespawner/objects.py 7.1 `make_pod`). */
import type { JsonObject } from '../../../core/model/json.js';
import { manifestFault } from './fields.js';
import type { ServerFacts } from './server.js';

export function podSecurity({ settled }: ServerFacts): JsonObject | undefined {
  const { fs_gid: group, supplemental_gids: groups, pod_security_context: given } = settled;
  return context(
    {
      ...(group !== null && { fsGroup: group }),
      ...(groups && groups.length > 0 && { supplementalGroups: groups }),
    },
    given,
    'pod_security_context',
  );
}

export function containerSecurity({ config, settled }: ServerFacts): JsonObject | undefined {
  const { uid, gid, container_security_context: given } = settled;
  const { privileged, allow_privilege_escalation: escalation } = config;
  return context(
    {
      ...(uid !== null && { runAsUser: uid }),
      ...(gid !== null && { runAsGroup: gid }),
      ...(privileged && { privileged: true }),
      ...(escalation !== null && { allowPrivilegeEscalation: escalation }),
    },
    given,
    'container_security_context',
  );
}

function context(
  own: JsonObject,
  given: Readonly<Record<string, unknown>> | null,
  trait: string,
): JsonObject | undefined {
  const names = Object.keys(given ?? {});
  const wrong = names.find((name) => name.includes('_'));
  if (wrong !== undefined) throw manifestFault(trait, `write ${JSON.stringify(wrong)} in camelCase`);
  const whole = { ...own, ...(given as JsonObject | null) };
  return Object.keys(whole).length > 0 ? whole : undefined;
}
