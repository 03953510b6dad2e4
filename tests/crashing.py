"""A worker that some pictures crash; run as a program, it prints what came of the paths that it is given."""

import json
import os
import sys
from pathlib import Path

from mien.apps.batch import Batch, Settings, Worker, distribute


class Crashing(Worker):
    def __call__(self, batch: Batch) -> Batch:
        if any(path.endswith(b"crash.png") for path in batch["path"]):
            os._exit(1)
        return super().__call__(batch)


if __name__ == "__main__":
    outcomes = distribute(map(Path, sys.argv[1:]), Settings(), workers=1, worker=Crashing)
    found = {one.path: one.error or [face.emotion for face in one.result or ()] for one in outcomes}
    print(json.dumps(found))
