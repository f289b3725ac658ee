/**
 * On the wire Anteroom is JupyterHub 6.1.1: `GET /hub/api`, `/hub/api/info`,
 * `X-JupyterHub-Version`. Our own version is in `anteroom --version`, `info.anteroom` and metrics.
 */
export const JUPYTERHUB_VERSION = '6.1.1';
export const JUPYTERHUB_VERSION_HEADER = 'X-JupyterHub-Version';

/** Our own; a test keeps it equal to package.json's. */
export const ANTEROOM_VERSION = '0.1.0';
