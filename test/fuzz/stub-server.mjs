// The least server a hub can spawn, quick to start: it answers everything below its prefix.
import { createServer } from 'node:http';

const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
createServer((_request, response) => response.end('{}')).listen(Number(port), hostname);
