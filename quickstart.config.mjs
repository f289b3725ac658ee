// What `npm start` runs: a hub for this machine alone, everything it keeps below ./data.
// The first start prints two passwords; `npm start -- --reset-passwords` makes new ones.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const data = resolve('data');

/** @param {any} c */
export default function configure(c) {
  mkdirSync(data, { recursive: true, mode: 0o700 });

  // loopback only: nobody reaches this hub from another machine
  c.JupyterHub.bind_url = 'http://127.0.0.1:8000';
  c.JupyterHub.hub_ip = '127.0.0.1';

  c.JupyterHub.db_url = `sqlite:///${data}/anteroom.sqlite`;
  c.JupyterHub.cookie_secret_file = `${data}/cookie_secret`;
  c.JupyterHub.pid_file = `${data}/anteroom.pid`;
  c.ConfigurableHTTPProxy.pid_file = `${data}/proxy.pid`;
  c.ConfigurableHTTPProxy.command = ['anteroom-proxy'];
  c.Anteroom.spawner_log_dir = `${data}/logs`;

  // any name with the users' password; the name admin with its own
  c.JupyterHub.authenticator_class = 'shared-password';
  c.Authenticator.allow_all = true;
  c.Authenticator.admin_users = new Set(['admin']);
  c.Anteroom.password_file = `${data}/passwords.json`;

  // all servers run under the account that starts the hub, each in a home directory of its own
  c.JupyterHub.spawner_class = 'simple';
  c.SimpleLocalProcessSpawner.home_dir_template = `${data}/homes/{username}`;
  c.Anteroom.allow_shared_uid = true;
  c.Spawner.cmd = ['anteroom-singleuser'];
}
