/** The web servers of docs/front-proxies.md as processes: the page's text, and around it only what a package brings. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../../core/package-root.js';
import { changed, fitted, recipe } from './recipe.js';

export interface Place {
  /** For files; the front's own. */
  readonly folder: string;
  /** Where browsers find it. */
  readonly port: number;
  /** Of Anteroom's proxy. */
  readonly behind: number;
  /** A host for each user, with a certificate for all of them, beside another site. */
  readonly hosts?: Certificate;
}

/** PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Front {
  readonly name: string;
  /** Debian's. */
  readonly program: string;
  readonly debian: string;
  /** Writes its files. @returns its arguments */
  configure(place: Place): readonly string[];
}

const TLS = join(packageRoot(), 'test/fixtures/tls');
const USUAL: Certificate = { certificate: join(TLS, 'server.crt'), key: join(TLS, 'server.key') };
/** What the other site answers, which is any name but ours where a front tells sites apart. */
const OTHER_SITE = 421;

const changes = ({ behind, hosts = USUAL }: Place): Readonly<Record<string, string>> => ({
  '127.0.0.1:8000': `127.0.0.1:${behind}`,
  '/etc/anteroom/fullchain.pem': hosts.certificate,
  '/etc/anteroom/privkey.pem': hosts.key,
});

/** The page's text for one front, as it is for one host or for many. */
function siteOf({ hosts }: Place, name: string, language: string): string {
  return hosts ? changed(recipe(language), name) : recipe(language);
}

function written(place: Place, name: string, text: string): string {
  const path = join(place.folder, name);
  writeFileSync(path, text);
  return path;
}

export const FRONTS: readonly Front[] = [
  {
    name: 'nginx',
    program: '/usr/sbin/nginx',
    debian: 'nginx',
    configure(place) {
      const { folder, port } = place;
      const site = fitted(siteOf(place, 'nginx', 'nginx'), { ...changes(place), '443 ssl': `${port} ssl` });
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
        .join(' ');
      const text = `daemon off; pid ${folder}/pid; error_log stderr; events {}
        http { access_log off; ${temporary}\n${place.hosts ? otherNginx(place.hosts, port) : ''}\n${site} }`;
      return ['-p', folder, '-c', written(place, 'nginx.conf', text), '-e', 'stderr'];
    },
  },
  {
    name: 'Caddy',
    program: '/usr/bin/caddy',
    debian: 'caddy',
    configure(place) {
      const site = fitted(siteOf(place, 'Caddy', 'caddyfile'), {
        ...changes(place),
        'hub.example.org': `hub.example.org:${place.port}`,
      });
      // Port 80 is not ours to take.
      const text = `{\n  admin off\n  auto_https disable_redirects\n  storage file_system ${place.folder}\n}\n${site}`;
      return ['run', '--adapter', 'caddyfile', '--config', written(place, 'Caddyfile', text)];
    },
  },
  {
    name: 'HAProxy',
    program: '/usr/sbin/haproxy',
    debian: 'haproxy',
    configure(place) {
      const { certificate, key } = place.hosts ?? USUAL;
      const pem = written(place, 'both.pem', `${readFileSync(certificate)}${readFileSync(key)}`);
      const text = fitted(siteOf(place, 'HAProxy', 'haproxy'), {
        '127.0.0.1:8000': `127.0.0.1:${place.behind}`,
        '/etc/anteroom/haproxy.pem': pem,
        ':443': `:${place.port}`,
      });
      return ['-db', '-f', written(place, 'haproxy.cfg', text)];
    },
  },
  {
    name: 'Apache',
    program: '/usr/sbin/apache2',
    debian: 'apache2-bin',
    configure(place) {
      const { folder, port } = place;
      const site = fitted(siteOf(place, 'Apache', 'apache'), { ...changes(place), '*:443': `*:${port}` });
      const modules = ['mpm_event', 'authz_core', 'alias', 'ssl', 'headers', 'proxy', 'proxy_http']
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
        .join('\n');
      const own = `ServerName localhost\nPidFile ${folder}/pid\nErrorLog /dev/stderr\nDefaultRuntimeDir ${folder}`;
      const account = process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : '';
      const other = place.hosts ? otherApache(place.hosts, port) : '';
      const text = [modules, own, account, `Listen ${port}`, other, site].join('\n');
      return ['-X', '-f', written(place, 'apache.conf', text)];
    },
  },
];

/** The first site is for names that no other has. */
function otherNginx({ certificate, key }: Certificate, port: number): string {
  return `server { listen ${port} ssl default_server; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return ${OTHER_SITE}; }`;
}

function otherApache({ certificate, key }: Certificate, port: number): string {
  return `<VirtualHost *:${port}>
    ServerName other.example.org
    SSLEngine on
    SSLCertificateFile ${certificate}
    SSLCertificateKeyFile ${key}
    <Location />
      Redirect ${OTHER_SITE}
    </Location>
  </VirtualHost>`;
}

export function isInstalled(front: Front): boolean {
  return existsSync(front.program);
}

/** Starts it and waits until it listens. @throws Error with what it said */
export async function startFront(front: Front, place: Place): Promise<AsyncDisposable> {
  // A file, because Apache cannot open Node's pipes as /dev/stderr.
  const logFile = join(place.folder, 'said');
  const log = openSync(logFile, 'a');
  const child = spawn(front.program, [...front.configure(place)], {
    cwd: place.folder,
    env: { ...process.env, HOME: place.folder, XDG_DATA_HOME: place.folder, XDG_CONFIG_HOME: place.folder },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const deadline = Date.now() + 20_000;
  while (!(await listens(place.port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await end(child);
      throw new Error(`${front.name} did not start:\n${readFileSync(logFile, 'utf8').slice(-4000)}`);
    }
    await delay(50);
  }
  return { [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(late);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
