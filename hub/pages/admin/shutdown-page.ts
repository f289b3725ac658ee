/** `/hub/admin/shutdown`: asks, and ends the hub, as `POST /hub/api/shutdown` does and for the same scope. */
import { formBody } from '../../http/form.js';
import type { AdminPages } from './options.js';
import { ADMIN } from './options.js';

export function registerShutdownPage(pages: AdminPages): void {
  const { app, url, options } = pages;
  app.get(`${url}/shutdown`, { config: { access: ADMIN } }, async (request, reply) => {
    await request.access.demand(['shutdown']);
    return pages.page(request, reply, 'admin_shutdown.html', { tab: 'users' });
  });
  // Not by way of the API: this answer must be out before what carries it is taken down.
  app.post(`${url}/shutdown`, { config: { access: ADMIN } }, async (request, reply) => {
    await request.access.demand(['shutdown']);
    const { fields } = await formBody(request.body, request.headers['content-type']);
    const asked = {
      ...choice('servers', fields.get('servers')?.at(-1)),
      ...choice('proxy', fields.get('proxy')?.at(-1)),
    };
    pages.context.log.warn('the hub is shut down from its page', { user: pages.viewer(request).name });
    reply.raw.once('close', () => options.onShutdownRequest(asked));
    return pages.page(request, reply, 'admin_goodbye.html', { tab: 'users' });
  });
}

/** `stop` or `leave`; anything else is what the configuration says. */
function choice(key: 'servers' | 'proxy', text: string | undefined) {
  return text === 'stop' || text === 'leave' ? { [key]: text === 'stop' } : {};
}
