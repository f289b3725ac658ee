/**
 * Files that pages need: `/hub/static/*`, `/hub/logo`, `/favicon.ico`, `/robots.txt` (the paths of JupyterHub
 * 6.1.1). They are few and small, so they are read once at start and served from memory.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { dirname, extname, join, relative } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StartupFault } from '../../core/fault.js';
import { PUBLIC } from '../http/route-config.js';
import { stockTemplates } from './renderer.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
};
const TEN_YEARS_S = 315_360_000;

export interface StaticOptions {
  readonly baseUrl: string;
  readonly hubPrefix: string;
  readonly logo: StaticFile;
}

export interface StaticFile {
  readonly bytes: Buffer;
  readonly type: string;
}

export function registerStatic(app: FastifyInstance, options: StaticOptions): void {
  const { logo } = options;
  const files = readAll(staticFolder());
  const logoEtag = `"${createHash('sha512').update(logo.bytes).digest('hex')}"`;
  const config = { access: PUBLIC, answers: 'html', xsrf: 'page' } as const;
  const serve = (request: FastifyRequest, reply: FastifyReply, file: StaticFile): FastifyReply => {
    cacheHeaders(reply, 'v' in (request.query as object));
    return reply.type(file.type).send(file.bytes);
  };
  const missing = (reply: FastifyReply): FastifyReply => refuse(reply, 404);
  const folders = new Set(['', ...[...files.keys()].map((path) => dirname(path))]);

  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD'],
    url: `${options.hubPrefix}static/*`,
    config,
    handler: (request, reply) => {
      const file = files.get(request.params['*']);
      if (file) return serve(request, reply, file);
      return refuse(reply, folders.has(request.params['*'].replace(/\/$/, '')) ? 403 : 404);
    },
  });
  app.route({
    method: ['GET', 'HEAD'],
    url: `${options.hubPrefix}logo`,
    config,
    handler: (request, reply) => {
      reply.header('Etag', logoEtag);
      if (isKnown(request.headers['if-none-match'], logoEtag)) return reply.code(304).send();
      return reply.type(logo.type).send(logo.bytes);
    },
  });
  const icon = files.get('favicon.svg');
  // Browsers look at the type, not at the name: the icon is one for all of them.
  for (const path of ['favicon.ico', 'static/favicon.ico']) {
    app.route({
      method: path.startsWith('static/') ? ['GET', 'HEAD'] : 'GET',
      url: `${options.hubPrefix}${path}`,
      config,
      handler: (request, reply) => (icon ? serve(request, reply, icon) : missing(reply)),
    });
  }
  app.get('/favicon.ico', { config }, (request, reply) =>
    icon ? serve(request, reply, icon) : missing(reply),
  );
  app.get('/robots.txt', { config }, (_request, reply) => missing(reply));
}

/** As tornado's own handler of files does, which knows nothing of the hub's pages. */
function refuse(reply: FastifyReply, status: 403 | 404): FastifyReply {
  const text = `${status}: ${STATUS_CODES[status]}`;
  return reply
    .code(status)
    .type('text/html; charset=UTF-8')
    .send(`<html><title>${text}</title><body>${text}</body></html>`);
}

/** RFC 9110 section 13.1.2, with the weak comparison. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.match(/\*|(?:W\/)?"[^"]*"/g) ?? [];
  return known[0] === '*' || known.some((each) => each.replace(/^W\//, '') === etag);
}

function cacheHeaders(reply: FastifyReply, versioned: boolean): void {
  if (!versioned) {
    reply.header('Cache-Control', 'no-cache');
    return;
  }
  reply.header('Cache-Control', `max-age=${TEN_YEARS_S}`);
  reply.header('Expires', new Date(Date.now() + TEN_YEARS_S * 1000).toUTCString());
}

function readAll(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path), { bytes: readFileSync(path), type: typeOf(path) });
  }
  return files;
}

function staticFolder(): string {
  return join(stockTemplates(), 'static');
}

/**
 * @param file `JupyterHub.logo_file`; empty: ours
 * @throws StartupFault when it cannot be read
 */
export function readLogo(file: string): StaticFile {
  const path = file || join(staticFolder(), 'favicon.svg');
  try {
    return { bytes: readFileSync(path), type: typeOf(path) };
  } catch (error) {
    throw new StartupFault([
      `JupyterHub.logo_file: ${path} cannot be read (${error instanceof Error ? error.message : String(error)})`,
    ]);
  }
}

function typeOf(path: string): string {
  return TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
}
