import * as t from '../../core/config/traits.js';
import type { CullArbiter } from './decide.js';

/** `c.Anteroom.cull_*`: the options of jupyterhub-idle-culler 2.0.0 by their names, with its defaults. */
export const cullerTraits = {
  cull_admin_users: t.bool(true, {
    help: 'With cull_users: administrators are deleted as well when they have been idle for so long. max_age knows no exception.',
  }),
  cull_arbiter_hook: t.callable<CullArbiter>({
    help: 'Decides instead of cull_timeout whether a server is stopped: a function of the seconds without activity, of cull_timeout and of the server as the REST API shows it.',
  }),
  cull_concurrency: t.integer(10, {
    min: 1,
    max: 1000,
    help: 'Users whose servers are stopped at once.',
  }),
  cull_default_servers: t.bool(true, { help: 'Stop default servers that have been idle.' }),
  cull_enabled: t.bool(false, {
    help: 'Stop idle servers: what jupyterhub-idle-culler does, without a service. The other cull_ settings need it.',
  }),
  cull_every: t.integer(0, {
    min: 0,
    help: 'Seconds between two looks for idle servers. 0: half of cull_timeout.',
  }),
  cull_max_age: t.integer(0, {
    min: 0,
    help: 'Seconds after its start at which a server is stopped even if it is in use, and with cull_users after which a user is deleted; 0 never.',
  }),
  cull_named_servers: t.bool(true, { help: 'Stop named servers that have been idle.' }),
  cull_remove_named_servers: t.bool(false, {
    help: 'Remove named servers that are culled, rather than stop them.',
  }),
  cull_timeout: t.integer(600, {
    min: 0,
    help: 'Seconds without activity after which a server is stopped.',
  }),
  cull_users: t.bool(false, {
    help: 'Delete users too who have been idle for cull_timeout: for hubs whose users come once.',
  }),
} as const;
