c.Authenticator.admin_users.add("second-admin")  # noqa: F821
c.SystemdSpawner.extra_paths.append("/srv/bin")  # noqa: F821
c.Spawner.env_keep.append("COURSE_DATA")  # noqa: F821
# there is none: JupyterHub says nothing, and neither do we
load_subconfig("/nowhere/at/all.py")  # noqa: F821
