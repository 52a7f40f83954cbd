"""The kill test: ``python -m tests.soak [--studies 500] [--kills 200] [--seed N]``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.soak.run import Soak


def main() -> int:
    """Run it; 1 where something does not hold, and its folder then stays."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--studies", type=int, default=500, help="how many are sent")
    parser.add_argument("--kills", type=int, default=200, help="how many parts are killed")
    parser.add_argument("--seed", type=int, default=0, help="draws order, pauses and moments")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="triage-soak-"))
    report = Soak(folder, options.studies, options.kills, options.seed).run()
    for name, value in report.figures.items():
        print(f"{name}: {value}")
    for fault in report.faults:
        print(f"BROKEN: {fault}")
    if report.faults:
        print(f"{len(report.faults)} faults; the store and the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    print("Every acknowledged study has one current verdict, of its own patient; nothing is torn, nothing is left.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
