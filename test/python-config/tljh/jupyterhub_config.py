# In the manner of The Littlest JupyterHub: one file of the installation, and those an administrator drops beside it.
import os
from glob import glob

from jupyterhub_traefik_proxy import TraefikFileProviderProxy

INSTALL_PREFIX = os.environ.get("TLJH_INSTALL_PREFIX", "/opt/tljh")
CONFIG_DIR = os.path.dirname(os.path.realpath(__file__))

c = get_config()  # noqa

c.JupyterHub.bind_url = "http://127.0.0.1:15001"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.hub_port = 15002
c.JupyterHub.proxy_class = TraefikFileProviderProxy
c.TraefikFileProviderProxy.dynamic_config_file = os.path.join(INSTALL_PREFIX, "state", "rules", "rules.toml")
c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"
c.Authenticator.admin_users = set()
c.Authenticator.admin_users.update({"root-admin"})
c.Spawner.cmd = [os.path.join(INSTALL_PREFIX, "user", "bin", "jupyterhub-singleuser")]
c.SystemdSpawner.extra_paths = [os.path.join(INSTALL_PREFIX, "user", "bin")]
c.SystemdSpawner.default_shell = "/bin/bash"
c.SystemdSpawner.unit_name_template = "jupyter-{USERNAME}"
c.Spawner.environment = {"PATH_OF_USERS": "/usr/local/bin"}

for extra in sorted(glob(os.path.join(CONFIG_DIR, "jupyterhub_config.d", "*.py"))):
    load_subconfig(extra)  # noqa
