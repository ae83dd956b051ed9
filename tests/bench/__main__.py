"""`python -m tests.bench [part ...]`: measure, print tables and goals; all parts also write docs/bench and README."""

import argparse
import sys
import time
from importlib import import_module

from .report import Part, console

PARTS = ("start", "polling", "emulated", "fleet")


def main() -> int:
    """Exit status 1 where the benchmark contradicts itself; a missed goal is printed, and no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    wanted = parser.parse_args().parts or PARTS
    if wrong := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(wrong)}; there are {', '.join(PARTS)}")
    done: list[Part] = []
    for name in wanted:
        begun = time.monotonic()
        part: Part = import_module(f".{name}", __package__).run()
        part.show()
        console.print(f"{name}: {time.monotonic() - begun:.0f} s\n")
        done.append(part)
    if {part.name for part in done} == set(PARTS):
        import_module(".page", __package__).write(done)
    return 0 if all(part.agrees for part in done) else 1


if __name__ == "__main__":
    sys.exit(main())
