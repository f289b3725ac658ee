import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../core/clock.js';
import type { JsonObject } from '../../../core/model/json.js';
import type { ShutdownRequest } from '../../api/system/shutdown.js';
import type { UserModels } from '../../api/users/user-models.js';
import type { RouteAccess } from '../../http/route-config.js';
import { isAdmin } from '../../rbac/index.js';
import type { UserRecord } from '../../store/types.js';
import { type PageContext, page, signedInUser } from '../context.js';
import type { TemplateVariables } from '../engine.js';
import { ApiCalls } from './api-calls.js';
import { hubRights, type Viewer } from './rights.js';

export interface AdminOptions {
  readonly models: UserModels;
  /** Rows on one page. */
  readonly pageSize: number;
  readonly serverVersion: string;
  readonly apiPrefix: string;
  readonly clock: Clock;
  /** Writes activity that is not in the database yet, on which the order depends. */
  flushActivity(): Promise<void>;
  /** Ids of users with a ready server, which only the life cycle knows. */
  readyUsers(): readonly number[];
  /** Whether starts are refused because too many in a row have failed. */
  breaker(): { readonly state: string; readonly failures: number; readonly since?: string };
  /** Why the spawner may fail just now, a sentence each. */
  spawnerTroubles(): readonly string[];
  authState(user: UserRecord): Promise<JsonObject | null>;
  onShutdownRequest(request: ShutdownRequest): void;
}

export const ADMIN: RouteAccess = { kind: 'signed-in', scopes: ['admin-ui'] };
/** Rows on one page, whatever the configuration says: each may come back as a field of a form. */
const MAX_PAGE = 500;
/** Tells that a script asks, for the part of a page that it will put in place; and in the answer which part it is. */
const PART = 'x-anteroom-part';

/** What the administrators' pages share. */
export class AdminPages {
  readonly app: FastifyInstance;
  readonly context: PageContext;
  readonly options: AdminOptions;
  /** `/hub/admin` */
  readonly url: string;
  readonly pageSize: number;

  constructor(app: FastifyInstance, context: PageContext, options: AdminOptions) {
    this.app = app;
    this.context = context;
    this.options = options;
    this.url = `${context.urls.hubPrefix}admin`;
    this.pageSize = Math.min(options.pageSize, MAX_PAGE);
  }

  viewer(request: FastifyRequest): Viewer {
    const { name } = signedInUser(request);
    return { name, admin: isAdmin(request.principal), scopes: request.access.scopes };
  }

  calls(request: FastifyRequest): ApiCalls {
    return new ApiCalls(this.app, request, this.options.apiPrefix);
  }

  /** A page of this site below `/hub/admin`, else the table. */
  backTo(request: FastifyRequest, asked: string | undefined): string {
    const valid = this.context.sessions.validated(request, asked ?? '');
    const path = valid.split(/[?#]/, 1)[0] ?? '';
    return path === this.url || path.startsWith(`${this.url}/`) ? valid : this.url;
  }

  page(
    request: FastifyRequest,
    reply: FastifyReply,
    template: string,
    variables: TemplateVariables,
  ): FastifyReply {
    return page(this.context, request, reply, template, {
      admin_access: true,
      admin_url: this.url,
      may: hubRights(this.viewer(request)),
      allow_named_servers: this.context.allowNamedServers,
      server_version: this.options.serverVersion,
      ...variables,
    });
  }

  /** For a script: the named part alone. */
  part(
    request: FastifyRequest,
    reply: FastifyReply,
    name: 'rows' | 'confirm' | 'outcome',
    template: string,
    variables: TemplateVariables,
  ): FastifyReply {
    reply.header(PART, name);
    return this.page(request, reply, template, variables);
  }

  asksForPart(request: FastifyRequest): boolean {
    return request.headers[PART] !== undefined;
  }
}
