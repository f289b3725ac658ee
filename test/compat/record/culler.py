"""The decisions of jupyterhub-idle-culler on given states: reads scenarios from stdin, and culls them all at a hub
that `culler.test.ts` plays. The clock is the scenario's, so that nothing depends on when this runs."""

import asyncio
import json
import logging
import sys
from datetime import datetime, timezone

import jupyterhub_idle_culler as culler


async def main():
    for scenario in json.load(sys.stdin):
        now = datetime.fromtimestamp(scenario["now"] / 1000, timezone.utc)
        culler.utcnow = lambda: now
        await culler.cull_idle(
            url=scenario["url"],
            api_token="x",
            logger=logging.getLogger("culler"),
            **scenario["options"],
        )


asyncio.run(main())
