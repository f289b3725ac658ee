/** The groups of `../record/answers.py`: what is added to the configuration, and the conversations in each. */
const NAMED = `
  c.JupyterHub.allow_named_servers = true;
  c.JupyterHub.named_server_limit_per_user = 2;
`;

export const GROUPS: Readonly<Record<string, string>> = {
  pages: '',
  api: NAMED,
  oauth: '',
  'oauth-pkce': 'c.JupyterHub.oauth_require_pkce = true;',
  servers: NAMED,
  'servers-plain': '',
  throttle:
    'c.JupyterHub.concurrent_spawn_limit = 1; c.JupyterHub.active_server_limit = 2; c.Anteroom.spawn_queue_limit = 0;',
};
