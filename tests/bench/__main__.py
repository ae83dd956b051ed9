"""`python -m tests.bench [part ...]` prints tables and goals. Without arguments, it also updates the pages in docs/."""

import argparse
import sys
import time
from importlib import import_module

from .report import Part, console

PARTS = ("start", "polling", "emulated", "fleet")


def main() -> int:
    """Return exit status 1 if the simulation disagrees with the deployed stack. Missed goals don't change it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    selected = parser.parse_args().parts or PARTS
    if unknown := set(selected) - set(PARTS):
        parser.error(f"unknown part: {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    parts: list[Part] = []
    for name in selected:
        started = time.monotonic()
        part: Part = import_module(f".{name}", __package__).run()
        part.show()
        console.print(f"{name}: {time.monotonic() - started:.0f} s\n")
        parts.append(part)
    if {part.name for part in parts} == set(PARTS):
        import_module(".page", __package__).write(parts)
    return 0 if all(part.agrees for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
