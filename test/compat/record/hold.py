"""Holds the conversations of some groups of `answers.py` with a hub that runs already, and writes what it answered.

Usage: hold.py OUT_DIRECTORY GROUP HUB_PORT PUBLIC_PORT
The hub must be configured as `real_hub.py` and the group's own lines in `answers.py` say.
"""

import os
import sys

from answers import GROUPS, write
from conversation import Recorder
from real_hub import Hub

# no answer speaks of the proxy's own API, whose port has a name as well
UNNAMED = 64999


def main():
    directory, group, hub_port, public_port = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    config, hold = GROUPS[group]
    recorder = Recorder(Hub(directory, (int(hub_port), int(public_port), UNNAMED), None))
    try:
        hold(recorder)
    finally:
        # what was said before a conversation broke off is worth reading too
        write(directory, group, config, recorder.talks)


if __name__ == "__main__":
    main()
