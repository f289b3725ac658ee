# Additions to what is there by default, the reason for traitlets' lazy values.
c.Spawner.env_keep.append("LATE")
c.Spawner.env_keep.extend(["LATER", "LAST"])
c.Spawner.env_keep.prepend(["FIRST"])
c.Spawner.env_keep.insert(1, "SECOND")
c.Spawner.env_keep.insert(0, "ZEROTH")
c.Spawner.environment.update({"A": "1", "B": "2"})
c.Spawner.environment.update({"B": "3"})
c.Authenticator.admin_users.add("ann")
c.Authenticator.admin_users.update(["bob", "cy"])
c.Spawner.args.append("--replaced")
c.Spawner.args = ["--debug"]
c.Spawner.args.append("--allow-root")
c.JupyterHub.template_paths.insert(0, "/srv/templates")
if "nothing" in c.Spawner:
    raise RuntimeError("a name that was not set")
c.Spawner.post_start_cmd  # looked at only
c.JupyterHub.template_vars.update({"announcement": "x"})
c.JupyterHub.template_vars = {}
c.SimpleLocalProcessSpawner.home_dir_template = "/srv/{username}"
c.LocalProcessSpawner.popen_kwargs.update(dict(umask=0o27))
