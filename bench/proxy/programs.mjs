/**
 * The proxies that take part, each as the command that starts it on given ports: one worker each but where it is said,
 * no access log, TLS when it is asked for.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const OURS = join(ROOT, 'dist/proxy/server/main.js');
const CHP = join(
  process.env.CHP_BIN ?? join(ROOT, '.cache/chp/node_modules/configurable-http-proxy/bin'),
  'configurable-http-proxy',
);
const NGINX = '/usr/sbin/nginx';
const HAPROXY = '/usr/sbin/haproxy';
const KEY = join(ROOT, 'test/fixtures/tls/server.key');
const CERTIFICATE = join(ROOT, 'test/fixtures/tls/server.crt');
export const TOKEN = 'bench';

/**
 * @typedef {object} Place where a proxy is to listen, and what is behind it
 * @property {number} port @property {number} apiPort @property {number} targetPort
 * @property {string} folder for its files @property {boolean} tls
 */

/** @returns `{ name, api, command(place) }` of those that are here; `api`: it takes CHP's REST calls */
export function programs() {
  const missing = [];
  const present = (name, path, debian, rest) => {
    if (existsSync(path)) return [{ name, ...rest }];
    missing.push(`${name}: no ${path} (${debian})`);
    return [];
  };
  const ours = (name, ...args) =>
    present(name, OURS, 'npm run build', { api: true, command: (place) => node(OURS, place, ...args) });
  const list = [
    ...present('CHP 5.3.0', CHP, 'npm install --prefix .cache/chp configurable-http-proxy@5.3.0', {
      api: true,
      command: (place) => node(CHP, place),
    }),
    ...ours('ours, raw', '--engine', 'raw'),
    ...ours('ours, --client-onread', '--engine', 'raw', '--client-onread'),
    ...(hasWorkers() ? ours('ours, raw, 2 workers', '--engine', 'raw', '--workers', '2') : []),
    ...ours('ours, http-proxy-3', '--engine', 'http-proxy-3'),
    ...present('nginx', NGINX, 'apt-get install nginx', { api: false, command: nginx }),
    ...present('HAProxy', HAPROXY, 'apt-get install haproxy', { api: false, command: haproxy }),
  ];
  for (const line of missing) console.warn(`SKIPPED: ${line}`);
  return list;
}

function hasWorkers() {
  if (!existsSync(OURS)) return false;
  return execFileSync(process.execPath, [OURS, '--help'], { encoding: 'utf8' }).includes('--workers');
}

function node(script, { port, apiPort, targetPort, tls }, ...args) {
  const where = ['--ip', '127.0.0.1', '--port', port, '--api-ip', '127.0.0.1', '--api-port', apiPort];
  const secure = tls ? ['--ssl-key', KEY, '--ssl-cert', CERTIFICATE] : [];
  const target = ['--default-target', `http://127.0.0.1:${targetPort}`];
  return [process.execPath, script, ...where, ...secure, ...target, '--log-level', 'warn', ...args].map(
    String,
  );
}

function nginx({ port, targetPort, folder, tls }) {
  const secure = tls ? `ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${KEY};` : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ');
  const text = `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
worker_rlimit_nofile 20000; events { worker_connections 19000; }
http {
  access_log off; client_max_body_size 0; keepalive_requests 1000000; ${temporary}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream target { server 127.0.0.1:${targetPort}; keepalive 1024; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${port}${tls ? ' ssl' : ''} backlog=4096; ${secure}
    location / { proxy_pass http://target; proxy_http_version 1.1; proxy_request_buffering off;
      proxy_max_temp_file_size 0; proxy_read_timeout 1h; proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; } }
}`;
  writeFileSync(join(folder, 'nginx.conf'), text);
  return [NGINX, '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
}

function haproxy({ port, targetPort, folder, tls }) {
  writeFileSync(join(folder, 'both.pem'), `${readFileSync(CERTIFICATE)}${readFileSync(KEY)}`);
  const secure = tls ? ` ssl crt ${folder}/both.pem alpn http/1.1` : '';
  const text = `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  http-reuse always
  option forwardfor
frontend f
  bind 127.0.0.1:${port}${secure} backlog 4096
  http-request set-header X-Forwarded-Proto http
  default_backend b
backend b
  server target 127.0.0.1:${targetPort}
`;
  writeFileSync(join(folder, 'haproxy.cfg'), text);
  return [HAPROXY, '-db', '-f', join(folder, 'haproxy.cfg')];
}
