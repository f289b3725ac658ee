# Configuration file for jupyterhub.
from jupyterhub.auth import DummyAuthenticator

c = get_config()  # noqa

# ------------------------------------------------------------------------------
# JupyterHub(Application) configuration
# ------------------------------------------------------------------------------
c.JupyterHub.authenticator_class = DummyAuthenticator
c.JupyterHub.spawner_class = "jupyterhub.spawner.SimpleLocalProcessSpawner"
c.JupyterHub.bind_url = "http://127.0.0.1:8000/jupyter/"
c.JupyterHub.cookie_secret = b"\x00\x01\xfe\xff" * 8
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.trusted_downstream_ips = ["10.0.0.1"]
c.JupyterHub.template_vars = {"announcement_login": "Sign in with your \"course\" name, it's short"}
c.JupyterHub.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
c.JupyterHub.active_server_limit = 0
# c.JupyterHub.port = 9000
c.DummyAuthenticator.password = "some_shared_password"
c.Authenticator.allowed_users = {"ann", "bob"}
c.Authenticator.admin_users = {"ann"}
c.Authenticator.username_map = {"service-name": "localname"}
c.Spawner.cmd = ["jupyterhub-singleuser"]
c.Spawner.args = ["--ServerApp.default_url=/lab"]
c.Spawner.notebook_dir = "~/notebooks"
c.Spawner.http_timeout = 60
c.Spawner.debug = True
c.Spawner.disable_user_config = False
c.Spawner.options_form = """
<label for="course">Which course?</label>
<select name="course"><option>bio</option></select>
"""
c.Spawner.oauth_client_allowed_scopes = ["access:servers!server", "self"]
c.ConfigurableHTTPProxy.command = ["configurable-http-proxy", "--timeout=600000"]
