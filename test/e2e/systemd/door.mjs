// Runs in a machine's network: takes connections of a listener of the network outside to a port inside.
import { connect } from 'node:net';

process.on('message', (port, server) => {
  server.on('connection', (client) => {
    const target = connect({ port, host: '127.0.0.1' });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  process.send('open');
});
process.on('disconnect', () => process.exit());
