/**
 * `/hub/admin` and what is below it: everybody and their servers, groups, and the hub's own switch. Search, order and
 * pages are the database's work, so that a page is as quick with 20,000 users as with two. It works by links and forms
 * alone; `static/admin.js` keeps states live and asks in dialogs. What a reader may not see by the API is not shown, what
 * they may not do by the API has no button, and every action is a request to the API (api-calls.ts).
 */
import type { FastifyInstance } from 'fastify';
import type { PageContext } from '../context.js';
import { registerActions } from './actions-page.js';
import { registerGroupPages } from './group-pages.js';
import { type AdminOptions, AdminPages } from './options.js';
import { registerShutdownPage } from './shutdown-page.js';
import { registerUserList } from './user-list.js';
import { registerUserPage } from './user-page.js';

export type { AdminOptions } from './options.js';

export function registerAdmin(app: FastifyInstance, context: PageContext, options: AdminOptions): void {
  const pages = new AdminPages(app, context, options);
  registerUserList(pages);
  registerActions(pages);
  registerUserPage(pages);
  registerGroupPages(pages);
  registerShutdownPage(pages);
}
