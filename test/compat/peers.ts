/**
 * The real peers that compatibility is measured against: JupyterHub 6.1.1 in a Python environment, its
 * configurable-http-proxy 5.3.0, and a throw-away PostgreSQL. Owns their installation and their processes; knows
 * nothing of Anteroom. Everything waits with a limit, belongs to somebody who disposes of it, and says what is
 * missing when the machine cannot have it.
 */
export {
  CHP_VERSION,
  ensureChp,
  ensureExamples,
  ensureJupyterhubTests,
  ensureVenv,
  JUPYTERHUB_VERSION,
} from './peers/install.js';
export { type Postgres, startPostgres } from './peers/postgres.js';
export { type RealHub, startRealHub } from './peers/real-hub.js';
