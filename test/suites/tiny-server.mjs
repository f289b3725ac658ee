// A single-user server of few lines, as a real process for the suites: what it does is said by its arguments.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';

const has = (flag) => process.argv.includes(flag);
const { JUPYTERHUB_SERVICE_URL: url = 'http://127.0.0.1:0/', JUPYTERHUB_API_TOKEN: token = '' } = process.env;
const { hostname, port, pathname } = new URL(url.replace('http://:', 'http://0.0.0.0:'));

if (has('--stubborn')) for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => undefined);
if (has('--die')) {
  process.stderr.write('line one\nconfig file is broken: \u001b[31mred\u001b[0m\n');
  process.exit(Number(process.argv[process.argv.indexOf('--die') + 1] ?? 3));
}
if (has('--deaf')) setInterval(() => undefined, 1000);
else serve();

function serve() {
  const server = createServer((request, response) => {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://server');
    if (path === `${pathname}api/anteroom/proof` && has('--prove')) {
      const key = has('--wrong-key') ? 'another token' : token;
      const proof = createHmac('sha256', key)
        .update(`anteroom-proof:${searchParams.get('nonce')}`)
        .digest('hex');
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ proof }));
    } else if (path === `${pathname}api`) {
      response.statusCode = has('--sick') ? 503 : 200;
      response.setHeader('x-jupyterhub-version', '6.1.1').end('{"version": "tiny"}');
    } else if (path === `${pathname}env`) response.end(JSON.stringify(process.env));
    else if (path === `${pathname}where`) {
      response.end(
        JSON.stringify({
          cwd: process.cwd(),
          umask: process.umask(),
          uid: process.getuid(),
          groups: process.getgroups(),
          argv: process.argv,
        }),
      );
    } else if (path === `${pathname}flood`) {
      process.stderr.write(`${'x'.repeat(1023)}\n`, () => undefined);
      for (let i = 1; i < 1024; i++) process.stderr.write(`${'y'.repeat(1022)}\n`);
      response.end('done');
    } else response.writeHead(404).end();
  });
  // lives on although its port is another's
  if (has('--deaf-if-taken')) server.on('error', () => setInterval(() => undefined, 1000));
  setTimeout(() => server.listen(Number(port), hostname.replace(/^\[|\]$/g, '')), has('--slow') ? 1500 : 0);
}
