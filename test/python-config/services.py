# Services, roles and groups; the idle culler as its documentation starts it.
import sys

c = get_config()  # noqa

c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = ["jupyterhub-singleuser"]

c.JupyterHub.services = [
    {
        "name": "jupyterhub-idle-culler-service",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"],
    }
]
c.JupyterHub.services.append(
    {
        "name": "whoami",
        "url": "http://127.0.0.1:10101",
        "oauth_no_confirm": True,
        "environment": {"PORT": 10101},
        "oauth_client_allowed_scopes": ["inherit"],
    }
)
c.JupyterHub.load_roles = [
    {
        "name": "jupyterhub-idle-culler-role",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["jupyterhub-idle-culler-service"],
    },
    {"name": "teacher", "scopes": ["admin-ui"] + ["admin:servers!group=%s" % g for g in ("bio", "chem")]},
]
c.JupyterHub.load_groups = {
    "bio": {"users": ["ann", "bob"], "properties": {"quota": 5}},
    "chem": dict(users=[], properties={}),
}
c.JupyterHub.load_groups["late"] = {"users": ["zoe"]}
