"""Stand-ins for the packages of JupyterHub's world that this Python does not have.

A class of theirs is worth its dotted name, which is all that a setting such as spawner_class needs. Everything else
of theirs is unknown: it may be passed around, but whoever looks into it is told that the package is missing, and a
setting that gets it is a fault.
"""

import importlib.abc
import importlib.machinery
import sys
import types

import anteroom_config

PACKAGES = frozenset(
    """
    jupyterhub traitlets tornado oauthenticator kubespawner dockerspawner nativeauthenticator ldapauthenticator
    ltiauthenticator firstuseauthenticator tmpauthenticator dummyauthenticator jwtauthenticator
    jhub_remote_user_authenticator remote_user_authenticator multiauthenticator samlauthenticator
    cas_authenticator jhub_cas_authenticator globus_sdk sudospawner systemdspawner batchspawner wrapspawner
    sshspawner simplespawner yarnspawner marathonspawner ecsspawner jupyterhub_traefik_proxy
    jupyterhub_idle_culler kubernetes_asyncio kubernetes escapism pamela tljh jupyterhub_announcement
    """.split()
)


class Missing(TypeError):
    """The configuration looks into something whose package is not installed."""


def not_known(name):
    package = name.split(".")[0]
    return "%s is not known: the package %s is not installed for %s" % (name, package, sys.executable)


class Unknown:
    """A value of a missing package: a function, a constant, the result of a call."""

    def __init__(self, name, function=None):
        self.__dict__["_name"] = name
        # what a missing decorator was put on
        self.__dict__["_function"] = function

    def __getattr__(self, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return member(self._name, attribute)

    def __call__(self, *args, **kwds):
        return called(self._name, args, kwds)

    def __mro_entries__(self, bases):
        return (stand_in_class(self._name),)

    def _refuse(self, *args, **kwds):
        raise Missing(not_known(self._name))

    __bool__ = __iter__ = __len__ = __contains__ = __getitem__ = __setitem__ = _refuse
    __int__ = __float__ = __index__ = __fspath__ = __str__ = __format__ = _refuse
    __add__ = __radd__ = __sub__ = __mul__ = __mod__ = __or__ = __and__ = __truediv__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __enter__ = __exit__ = __await__ = _refuse
    __hash__ = object.__hash__


class StandInType(type):
    """The type of a missing package's classes, and of classes made from them."""

    def __getattr__(cls, attribute):
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return member(dotted(cls), attribute)

    def __call__(cls, *args, **kwds):
        return called(dotted(cls), args, kwds)

    def __fspath__(cls):
        return Unknown(dotted(cls))._refuse()


def dotted(cls):
    return "%s.%s" % (cls.__module__, cls.__qualname__)


CLASSES = {}


def stand_in_class(name):
    if name not in CLASSES:
        module, _, short = name.rpartition(".")
        body = {"__module__": module, "__qualname__": short}
        CLASSES[name] = StandInType(short, (object,), body)
    return CLASSES[name]


def member(owner, name):
    full = "%s.%s" % (owner, name)
    if name[0].isupper() and not name.isupper():
        return stand_in_class(full)
    return Unknown(full)


# what was called in vain: name, place, whether `c` was handed over
CALLS = []
_ROOT = []


def called(name, args, kwds):
    given = list(args) + list(kwds.values())
    CALLS.append(
        {
            "name": name,
            "place": anteroom_config.place(),
            "configures": any(isinstance(value, anteroom_config.Config) for value in given),
        }
    )
    decorated = args[0] if len(given) == 1 and isinstance(given[0], types.FunctionType) else None
    return Unknown(name, decorated)


class Module(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            # of the kind that says "not there" to whoever only asks, such as inspect
            raise AttributeError(not_known("%s.%s" % (self.__name__, name)))
        return member(self.__name__, name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Comes last, so that whatever is installed wins."""

    def __init__(self, known):
        self.known = known

    def find_spec(self, fullname, path=None, target=None):
        parent = fullname.rpartition(".")[0]
        wanted = isinstance(sys.modules.get(parent), Module) if parent else fullname in PACKAGES
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if wanted else None

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        for name, value in self.known.get(module.__name__, {}).items():
            setattr(module, name, value)


def url_path_join(*pieces):
    """One slash between pieces; a slash at the very start or end stays."""
    pieces = list(pieces)
    while pieces and not pieces[-1]:
        pieces.pop()
    if not pieces:
        return ""
    middle = "/".join(part for part in (piece.strip("/") for piece in pieces) if part)
    start = "/" if pieces[0].startswith("/") else ""
    end = "/" if pieces[-1].endswith("/") and (middle or not start) else ""
    return start + middle + end


def install(calls, config, version):
    global CALLS
    CALLS = calls
    _ROOT[:] = [config]
    numbers = tuple(int(part) for part in version.split("."))
    known = {
        "jupyterhub": {"__version__": version, "version_info": numbers + ("", "")},
        "jupyterhub.utils": {"url_path_join": url_path_join},
        "traitlets.config": {
            "Config": anteroom_config.Config,
            "LazyConfigValue": anteroom_config.LazyConfigValue,
            "get_config": lambda: _ROOT[0],
        },
    }
    known["traitlets.config.loader"] = known["traitlets.config"]
    sys.meta_path.append(Finder(known))
