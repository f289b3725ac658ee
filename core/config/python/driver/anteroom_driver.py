"""Runs one jupyterhub_config.py and says what it set.

Started by the hub as `python3 <this file> <configuration> <version of JupyterHub>`, with a pipe at descriptor 3 for the
answer and one at 4 that ends with the hub. Python 3.6 or newer, the standard library only. This is no sandbox: a
configuration may do whatever the account of the hub may do; what is bounded is what a mistake in it can cost.
"""

import os
import sys

OWN = os.path.dirname(os.path.abspath(__file__))
# not there of itself when PYTHONSAFEPATH is set
sys.path.insert(0, OWN)
_keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
import anteroom_reply  # noqa: E402
import anteroom_run  # noqa: E402

sys.dont_write_bytecode = _keep

ANSWER = 3
LIFELINE = 4


def main(path, version):
    # JupyterHub's own sys.path begins with the folder of its command, never with ours
    sys.path[:] = [entry for entry in sys.path if entry == "" or os.path.abspath(entry) != OWN]
    # what the configuration starts must not keep the answer open
    for descriptor in (ANSWER, LIFELINE):
        os.set_inheritable(descriptor, False)
    anteroom_run.bound_memory()
    anteroom_run.end_with_the_hub(LIFELINE)
    reply = anteroom_run.run(path, version)
    with os.fdopen(ANSWER, "wb") as answer:
        answer.write(anteroom_reply.dumps(reply))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # the configuration closed or replaced it; its output is only for the log
            continue
    # neither threads nor exit handlers of the configuration may delay or undo anything
    os._exit(0)


_path, _version = sys.argv[1:]
sys.argv[:] = ["jupyterhub"]
main(_path, _version)
