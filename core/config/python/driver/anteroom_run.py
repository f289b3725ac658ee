"""Executes the configuration and load_subconfig's files; catches what they raise."""

import os
import signal
import sys
import threading

import anteroom_config
import anteroom_reply
import anteroom_standins

MEMORY = 1 << 30
STDLIB = os.path.dirname(os.path.abspath(os.__file__))
OWN = os.path.dirname(os.path.abspath(__file__))


def bound_memory():
    try:
        import resource
    except ImportError:
        return
    for kind, limit in (("RLIMIT_DATA", MEMORY), ("RLIMIT_CORE", 0)):
        number = getattr(resource, kind, None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(number, (soft, hard))


def end_with_the_hub(descriptor):
    """A hub that dies while it waits must not leave a configuration running."""

    def wait():
        os.read(descriptor, 1)
        # the hub starts us as a group of our own; run by hand we are none
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


class Loader:
    """One file, and those it loads; as traitlets' loader, each file has a `c` of its own."""

    def __init__(self, notes):
        self.config = anteroom_config.Config()
        self.notes = notes

    def execute(self, path):
        anteroom_config.FILES.add(path)
        namespace = {
            "c": self.config,
            "get_config": lambda: self.config,
            "load_subconfig": self.load_subconfig,
            "__file__": path,
        }
        with open(path, "rb") as source:
            code = compile(source.read(), path, "exec", dont_inherit=True)
        exec(code, namespace, namespace)

    def load_subconfig(self, fname, path=None):
        found = find(fname, path)
        if found is None:
            self.notes.append("load_subconfig: there is no %s" % fname)
            return
        inner = Loader(self.notes)
        # what it set before it failed is said too
        try:
            inner.execute(found)
        finally:
            self.config.merge(inner.config)


def find(fname, path):
    """The first that exists: relative to the hub's working directory, as JupyterHub looks for it."""
    fname = os.fspath(fname).strip('"').strip("'")
    if os.path.isabs(fname) and os.path.isfile(fname):
        return fname
    folders = [""] if path is None else [path] if isinstance(path, (str, os.PathLike)) else path
    for folder in folders:
        name = os.path.expandvars(os.path.expanduser(os.path.join(os.fspath(folder), fname)))
        if os.path.isfile(name):
            return os.path.abspath(name)
    return None


def run(path, version):
    before = dict(os.environ)
    notes = []
    loader = Loader(notes)
    calls = []
    anteroom_standins.install(calls, loader.config, version)
    failure = None
    try:
        loader.execute(path)
    except BaseException as error:  # sys.exit() and KeyboardInterrupt end only the file
        failure = failure_of(error, path)
    return anteroom_reply.reply(loader.config, failure, calls, notes, changed(before))


def changed(before):
    """Under JupyterHub the configuration runs in the hub, so what it does to os.environ is the hub's."""
    names = sorted(name for name in set(before) | set(os.environ) if before.get(name) != os.environ.get(name))
    return [[name, os.environ.get(name)] for name in names]


def failure_of(error, path):
    place = {"file": path, "line": None}
    if isinstance(error, SyntaxError) and error.filename:
        # not error.text: the line may hold a secret
        place = {"file": error.filename, "line": error.lineno}
        return dict(place, type=type(error).__name__, message=str(error.msg), inside=None)
    inside = None
    step = error.__traceback__
    while step is not None:
        name, line = step.tb_frame.f_code.co_filename, step.tb_lineno
        if name in anteroom_config.FILES:
            place, inside = {"file": name, "line": line}, None
        elif not os.path.abspath(name).startswith((STDLIB, OWN)) and not name.startswith("<frozen"):
            inside = "%s:%d" % (name, line)
        step = step.tb_next
    return dict(place, type=type(error).__name__, message=message_of(error), inside=inside)


def message_of(error):
    if isinstance(error, KeyError) and raised_by_environ(error):
        return "the environment variable %s is not set" % (error.args[0],)
    try:
        return str(error)
    except Exception:
        return "(it has no message)"


def raised_by_environ(error):
    step = error.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return isinstance(step.tb_frame.f_locals.get("self"), type(os.environ))
