/** Where a browser goes after signing in or starting (JupyterHub 6.1.1 `get_next_url`). */
import type { FastifyRequest } from 'fastify';
import { type OwnSite, validateNextUrl, withQuery } from '../../core/wire/next-url.js';
import { NO_FORM } from '../http/form.js';
import { formArgument } from '../http/query.js';
import { sessionOf } from '../session/index.js';
import type { UserRecord } from '../store/types.js';
import type { NextSources, PageServers, PageUrls } from './context.js';

export interface NextTargetOptions {
  readonly urls: PageUrls;
  readonly servers: Pick<PageServers, 'status' | 'url'>;
  readonly defaultUrl: string | ((handler: unknown) => unknown);
  readonly redirectToServer: boolean;
  /** Public address of the hub, when configured. */
  readonly publicUrl: URL | undefined;
  readonly subdomainHost: string | undefined;
}

export class NextTarget {
  readonly #options: NextTargetOptions;

  constructor(options: NextTargetOptions) {
    this.#options = options;
  }

  async url(
    request: FastifyRequest,
    user: UserRecord | undefined,
    { form = NO_FORM, fallback }: NextSources = {},
  ): Promise<string> {
    const next = formArgument(form, request.query, 'next') ?? '';
    const asked = validateNextUrl(next, this.#site(request));
    if (asked !== '') return asked;
    const target = fallback ?? (await this.landing(request, user));
    // What else was asked for travels along, unless `next` has said it all.
    return withQuery(target, otherArguments(request));
  }

  /** Where a browser goes that asked for nothing. */
  async landing(request: FastifyRequest, user: UserRecord | undefined): Promise<string> {
    return (await this.#configured(request)) ?? this.#landing(user);
  }

  /** A place of this site as path and query; empty for any other. */
  validated(request: FastifyRequest, target: string): string {
    return validateNextUrl(target, this.#site(request));
  }

  async #configured(request: FastifyRequest): Promise<string | undefined> {
    const { defaultUrl } = this.#options;
    const value = typeof defaultUrl === 'function' ? await defaultUrl(request) : defaultUrl;
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  #landing(user: UserRecord | undefined): string {
    const { urls, servers, redirectToServer } = this.#options;
    if (!user || !redirectToServer) return `${urls.hubPrefix}home`;
    const status = servers.status(user, '');
    const active = status.ready || status.pending !== null;
    return active ? servers.url(user, '') : `${urls.hubPrefix}spawn`;
  }

  #site(request: FastifyRequest): OwnSite {
    const { publicUrl, subdomainHost } = this.#options;
    const protocol = publicUrl
      ? publicUrl.protocol === 'https:'
        ? 'https'
        : 'http'
      : sessionOf(request).request.protocol;
    return {
      protocol,
      host: publicUrl?.host ?? request.host,
      ...(subdomainHost === undefined ? {} : { subdomainHost }),
    };
  }
}

function otherArguments(request: FastifyRequest): readonly (readonly [string, string])[] {
  const others: Array<readonly [string, string]> = [];
  for (const [name, value] of Object.entries(request.query as Record<string, string | string[]>)) {
    if (name === 'next' || name === '_xsrf') continue;
    for (const each of [value].flat()) if (each !== '') others.push([name, each]);
  }
  return others;
}
