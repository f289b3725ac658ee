c.SystemdSpawner.mem_limit = "2G"  # noqa: F821
c.Spawner.environment.update({"COURSE": "bio-101"})  # noqa: F821
c.JupyterHub.hub_port = 15003  # noqa: F821
