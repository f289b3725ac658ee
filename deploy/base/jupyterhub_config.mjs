// The hub's configuration in the cluster. Secrets come from the environment (Secret `anteroom`).
const { POD_NAMESPACE, USERS_PASSWORD, ADMINS_PASSWORD } = process.env;

/** @param {any} c */
export default function configure(c) {
  // the proxy is a deployment of its own, and lives on while the hub is replaced
  c.JupyterHub.hub_bind_url = 'http://0.0.0.0:8081';
  // with its namespace: users' pods may live in others
  c.JupyterHub.hub_connect_url = `http://hub.${POD_NAMESPACE}:8081`;
  c.ConfigurableHTTPProxy.should_start = false;
  c.ConfigurableHTTPProxy.api_url = 'http://proxy-api:8001';
  c.JupyterHub.cleanup_servers = false;

  // for PostgreSQL: postgresql://user:password@host/database
  c.JupyterHub.db_url = 'sqlite:////srv/anteroom/jupyterhub.sqlite';

  // any name with the users' password; the name admin with its own
  c.JupyterHub.authenticator_class = 'shared-password';
  c.SharedPasswordAuthenticator.user_password = USERS_PASSWORD;
  c.SharedPasswordAuthenticator.admin_password = ADMINS_PASSWORD;
  c.Authenticator.allow_all = true;
  c.Authenticator.admin_users = new Set(['admin']);

  c.JupyterHub.spawner_class = 'kubespawner';
  c.KubeSpawner.namespace = POD_NAMESPACE;
  c.KubeSpawner.image = 'anteroom-singleuser:latest';
  c.KubeSpawner.cmd = ['anteroom-singleuser'];
  c.KubeSpawner.uid = 1000;
  c.KubeSpawner.gid = 0;
  c.KubeSpawner.fs_gid = 0;
  // what the Pod Security Standard `restricted` asks for, so that a namespace may enforce it
  c.KubeSpawner.pod_security_context = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  c.KubeSpawner.container_security_context = { capabilities: { drop: ['ALL'] } };
  c.KubeSpawner.start_timeout = 300;
  c.KubeSpawner.mem_guarantee = '128M';
  c.KubeSpawner.mem_limit = '1G';
  c.KubeSpawner.cpu_guarantee = 0.05;
  c.KubeSpawner.cpu_limit = 1;

  // a home for each user, which outlives their servers
  c.KubeSpawner.storage_pvc_ensure = true;
  c.KubeSpawner.storage_capacity = '1Gi';
  c.KubeSpawner.volumes = [{ name: 'home', persistentVolumeClaim: { claimName: '{pvc_name}' } }];
  c.KubeSpawner.volume_mounts = [{ name: 'home', mountPath: '/home/user' }];
}
