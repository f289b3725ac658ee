/** `GET /hub/api`, `/info`, and the health checks that need no database (JupyterHub 6.1.1 apihandlers/hub.py). */
import { execPath, version as nodeVersion } from 'node:process';
import type { FastifyInstance } from 'fastify';
import { ANTEROOM_VERSION, JUPYTERHUB_VERSION } from '../../../core/version.js';
import { PUBLIC, scopes } from '../../http/route-config.js';
import { HEALTH, INFO, VERSION } from './endpoints.js';

export interface InfoOptions {
  readonly prefix: string;
  readonly hubPrefix: string;
  /** Dotted class paths of the selected plug-ins. */
  readonly spawnerClass: string;
  readonly authenticatorClass: string;
}

export function registerInfo(app: FastifyInstance, options: InfoOptions): void {
  const { prefix } = options;
  const root = prefix.replace(/\/$/, '');
  for (const url of [root, prefix]) {
    app.get(
      url,
      { config: { access: PUBLIC, xsrf: 'exempt', answers: 'json', endpoint: VERSION } },
      (_request, reply) =>
        reply.header('Access-Control-Allow-Origin', '*').send({ version: JUPYTERHUB_VERSION }),
    );
  }
  app.get(`${prefix}info`, { config: { access: scopes('read:hub'), endpoint: INFO } }, () => ({
    version: JUPYTERHUB_VERSION,
    // Clients print these; they are text about the runtime, which here is Node.
    python: `Node.js ${nodeVersion}`,
    sys_executable: execPath,
    spawner: { class: options.spawnerClass, version: versionOf(options.spawnerClass) },
    authenticator: { class: options.authenticatorClass, version: versionOf(options.authenticatorClass) },
    anteroom: ANTEROOM_VERSION,
  }));
  for (const url of [`${options.hubPrefix}health`, `${prefix}health`]) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      config: { access: PUBLIC, xsrf: 'exempt', answers: 'html', endpoint: HEALTH },
      handler: (_request, reply) => reply.type('text/html').send(''),
    });
  }
}

function versionOf(dottedPath: string): string {
  return dottedPath.startsWith('jupyterhub.') ? JUPYTERHUB_VERSION : ANTEROOM_VERSION;
}
