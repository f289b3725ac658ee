"""Servers in containers, as dockerspawner's examples configure them."""
import os

import dockerspawner
from dockerspawner import DockerSpawner

network = os.environ.get("DOCKER_NETWORK_NAME", "hub-net")
notebook_dir = os.environ.get("DOCKER_NOTEBOOK_DIR") or "/home/jovyan/work"

c.JupyterHub.spawner_class = dockerspawner.DockerSpawner
assert issubclass(DockerSpawner, object)
c.DockerSpawner.image = "quay.io/jupyter/base-notebook:2024-01-01"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.network_name = network
c.DockerSpawner.extra_host_config = {"network_mode": network}
c.DockerSpawner.extra_host_config.update({"runtime": "nvidia", "ulimits": [{"Name": "nofile", "Soft": 1024}]})
c.DockerSpawner.volumes = {
    "jupyterhub-user-{username}": notebook_dir,
    "/srv/shared": {"bind": "/home/jovyan/shared", "mode": "ro"},
}
c.DockerSpawner.remove = True
c.DockerSpawner.mem_limit = "%dG" % 2
c.DockerSpawner.cpu_limit = 1.5
c.Spawner.cmd = "jupyterhub-singleuser"
c.JupyterHub.hub_ip = "jupyterhub"
c.JupyterHub.hub_port = 8080
c.JupyterHub.db_url = "postgresql://hub:%s@db/hub" % os.environ["DB_PASS_WORD"]
c.JupyterHub.cookie_max_age_days = 14
