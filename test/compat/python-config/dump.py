"""What traitlets reads from a configuration, as JSON: `dump.py FILE`, and with `spawner` what a spawner makes of it."""

import base64
import json
import sys

from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue, PyFileConfigLoader


def plain(value):
    if isinstance(value, LazyConfigValue):
        steps = [["insert", index, plain(item)] for index, item in value._inserts]
        for name, part in (("prepend", value._prepend), ("extend", value._extend), ("update", value._update)):
            if part:
                steps.append([name, plain(part)])
        return {"$lazy": steps}
    if isinstance(value, type):
        return {"$class": value.__name__}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (set, frozenset)):
        return {"$set": sorted(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


config = PyFileConfigLoader(sys.argv[1]).load_config()
if "spawner" in sys.argv:
    from jupyterhub.spawner import SimpleLocalProcessSpawner

    spawner = SimpleLocalProcessSpawner(config=config)
    names = ("env_keep", "environment", "args", "home_dir_template", "popen_kwargs", "cmd")
    result = {name: plain(getattr(spawner, name)) for name in names}
else:
    result = {name: plain(section) for name, section in config.items() if isinstance(section, Config)}
with open(3, "w") as out:
    json.dump(result, out)
