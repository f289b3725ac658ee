# The installation's own settings come from a package: without it nobody knows them, which must be said.
from tljh import configurer
from tljh.utils import get_plugin_manager

c.JupyterHub.hub_port = 15001  # noqa: F821
configurer.load_config()
configurer.apply_config({}, c)  # noqa: F821
manager = get_plugin_manager()
manager.hook.tljh_custom_jupyterhub_config(c=c)  # noqa: F821
