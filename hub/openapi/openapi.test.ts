import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { requireDeclaredAccess, scopes } from '../http/route-config.js';
import { type Endpoint, empty, registerOpenApi } from './index.js';

const open: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

function build(register: (app: FastifyInstance) => void): FastifyInstance {
  const app = Fastify({ exposeHeadRoutes: false });
  open.push(app);
  requireDeclaredAccess(app);
  const close = registerOpenApi(app, { hubPrefix: '/base/hub/', apiPrefix: '/base/hub/api/' });
  register(app);
  close();
  return app;
}

const endpoint: Endpoint = { id: 'delete-share', summary: 'Leave', answers: { 204: empty('left') } };
const access = scopes('shares', 'users:shares');

async function pathsOf(app: FastifyInstance): Promise<Record<string, Record<string, unknown>>> {
  return (await app.inject('/base/hub/api/openapi.json')).json().paths;
}

describe('the OpenAPI document', () => {
  it('is made of the routes below the prefix of the API', async () => {
    const app = build((routes) => {
      routes.delete(
        '/base/hub/api/shares/:user_name/:server_name',
        { config: { access, endpoint } },
        () => '',
      );
      routes.delete('/base/hub/api/shares/:user_name/', { config: { access, endpoint } }, () => '');
      routes.get('/base/hub/home', { config: { access } }, () => '');
    });
    const paths = await pathsOf(app);
    expect(Object.keys(paths)).toEqual(['/openapi.json', '/shares/{owner}/{server_name}']);
    expect(paths['/shares/{owner}/{server_name}']).toMatchObject({
      delete: {
        operationId: 'delete-share',
        parameters: [{ name: 'owner', in: 'path' }, { name: 'server_name' }],
        security: [
          { token: ['shares'] },
          { oauth2: ['shares'] },
          { token: ['users:shares'] },
          { oauth2: ['users:shares'] },
        ],
      },
    });
  });

  it('leaves out what only refuses, and refuses what says nothing', async () => {
    const app = build((routes) => {
      routes.post('/base/hub/api/shares', { config: { access, endpoint: 'unlisted' } }, () => '');
      const silent = () => routes.get('/base/hub/api/silent', { config: { access } }, () => '');
      expect(silent).toThrow('/base/hub/api/silent does not describe itself');
    });
    expect(Object.keys(await pathsOf(app))).toEqual(['/openapi.json']);
  });
});
