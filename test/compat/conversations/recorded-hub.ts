/**
 * Our hub as the recorder's real hub was configured (`../record/real_hub.py`): the same users, services, roles and
 * spawner options, so that the same conversations can be held with it.
 */
const RECORDER_TOKEN = 'recorder-token-of-the-fixtures';

const SERVICES = [
  { name: 'recorder', api_token: RECORDER_TOKEN },
  {
    name: 'svc',
    api_token: 'svc-token-of-the-fixtures',
    oauth_client_id: 'service-svc',
    oauth_redirect_uri: 'http://127.0.0.1:9/services/svc/oauth_callback',
    oauth_client_allowed_scopes: ['read:users!user', 'access:servers!user'],
  },
  {
    name: 'quiet',
    api_token: 'quiet-token-of-the-fixtures',
    oauth_client_id: 'service-quiet',
    oauth_redirect_uri: 'http://127.0.0.1:9/services/quiet/oauth_callback',
    oauth_no_confirm: true,
  },
];

/** Lines of the configuration that all groups share. */
export function recordedConfig(stub: string, python: string): string {
  return `
    c.DummyAuthenticator.password = 'secret';
    c.Authenticator.admin_users = new Set(['root']);
    c.Spawner.cmd = ${JSON.stringify([python, stub])};
    c.Spawner.pre_spawn_hook = (spawner) => {
      for (const key of ['delay', 'exit', 'environment']) {
        if (key in spawner.user_options) spawner.args = [...spawner.args, '--' + key, String(spawner.user_options[key])];
      }
    };
    c.Spawner.start_timeout = 12;
    // roomier than the recorded 4 s: a busy machine starts the slow stub late
    c.Spawner.http_timeout = 8;
    c.JupyterHub.tornado_settings = { slow_spawn_timeout: 2, slow_stop_timeout: 2 };
    c.JupyterHub.services = ${JSON.stringify(SERVICES)};
    c.JupyterHub.load_roles = [
      {
        name: 'recorder',
        services: ['recorder'],
        scopes: [
          'admin:users', 'admin:servers', 'tokens', 'admin:groups', 'list:services', 'read:services',
          'read:hub', 'proxy', 'access:services', 'access:servers', 'read:roles', 'read:metrics', 'shares',
          'shutdown', 'admin:services',
        ],
      },
      { name: 'user', scopes: ['self', 'access:services'] },
    ];
  `;
}
