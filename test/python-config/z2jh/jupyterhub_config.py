# In the manner of Zero to JupyterHub: values of a chart, mounted as YAML, become settings.
import os
import re
import sys

from jupyterhub.utils import url_path_join
from kubernetes_asyncio import client
from tornado.httpclient import AsyncHTTPClient

configuration_directory = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, configuration_directory)

from chart_values import get_config, get_name_env, set_if_given  # noqa: E402


def camelCaseify(s):
    return re.sub(r"_([a-z])", lambda m: m.group(1).upper(), s)


AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"  # noqa: F821
c.ConfigurableHTTPProxy.api_url = (  # noqa: F821
    f"http://{get_name_env('proxy-api', '_SERVICE_HOST')}:{get_name_env('proxy-api', '_SERVICE_PORT')}"
)
c.ConfigurableHTTPProxy.should_start = False  # noqa: F821
c.JupyterHub.cleanup_servers = False  # noqa: F821
c.JupyterHub.last_activity_interval = 60  # noqa: F821
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}  # noqa: F821
c.JupyterHub.base_url = url_path_join("/", get_config("hub.baseUrl", "/"), "/")  # noqa: F821

for trait, name in (
    ("concurrent_spawn_limit", None),
    ("active_server_limit", None),
    ("allow_named_servers", None),
    ("named_server_limit_per_user", None),
):
    set_if_given(c.JupyterHub, trait, "hub." + (name or camelCaseify(trait)))  # noqa: F821

c.KubeSpawner.namespace = os.environ.get("POD_NAMESPACE", "default")  # noqa: F821
set_if_given(c.Spawner, "start_timeout", "singleuser.startTimeout")  # noqa: F821
set_if_given(c.KubeSpawner, "image", "singleuser.image")  # noqa: F821
set_if_given(c.KubeSpawner, "profile_list", "singleuser.profileList")  # noqa: F821
c.KubeSpawner.extra_labels.update(get_config("singleuser.extraLabels", {}))  # noqa: F821
if get_config("singleuser.storage.type") == "dynamic":
    pvc = get_config("singleuser.storage.pvcNameTemplate")
    c.KubeSpawner.pvc_name_template = pvc  # noqa: F821
    c.KubeSpawner.volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": pvc}}]  # noqa: F821
    c.KubeSpawner.volume_mounts = [{"mountPath": "/home/jovyan", "name": "home"}]  # noqa: F821

services = []
for name, service in get_config("hub.services", {}).items():
    service.setdefault("name", name)
    services.append(service)
c.JupyterHub.services = services  # noqa: F821

for section, settings in get_config("hub.config", {}).items():
    c[section].update(settings)  # noqa: F821
