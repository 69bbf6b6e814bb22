"""Shows that each control matters, and keeps what was seen: `.venv/bin/python tests/gates/show.py [control …]`.

Without names every control is shown anew; `--at-once 4` runs so many tests at a time. Afterwards `riskstrat docs`
writes the table.
"""

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path

import removal


def main() -> int:
    """Show the controls that were named; number of those whose test did not pass with them and fail without them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("control", nargs="*")
    parser.add_argument("--at-once", type=int, default=removal.AT_ONCE)
    asked = parser.parse_args()
    names = asked.control
    known = {one.control: one for one in removal.gates()}
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"there is no control {', '.join(unknown)}")
        return 2
    chosen = [known[name] for name in names or known]
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        shown = removal.show(Path(folder), chosen, at_once=asked.at_once)
    for name, found in shown.items():
        if not removal.is_shown(found):
            print(f"{name}: with it {found['with']}, without it {found['without']}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(chosen)} controls, {used.ru_utime + used.ru_stime:.0f} s of processor time")
    path = removal.PROJECT / removal.SHOWN_IN
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(removal.as_text({name: one for name, one in (kept | shown).items() if name in known}))
    return sum(not removal.is_shown(found) for found in shown.values())


if __name__ == "__main__":
    sys.exit(main())
