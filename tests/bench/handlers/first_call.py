"""Measure one cold start in a new process: import a handler from a folder and call it once.

Arguments: the folder, the module, the handler's name, the event as JSON.
The last line of the output: the seconds of the import, the seconds of the call, the peak memory in KiB.
"""

import sys
import time

started = time.perf_counter()
folder, module, name, event = sys.argv[1:]
sys.path.insert(0, folder)
__import__(module)
handler = getattr(sys.modules[module], name)
imported = time.perf_counter()

import json  # noqa: E402
from pathlib import Path  # noqa: E402

parsed_event = json.loads(event)


class Context:
    """The Lambda context."""

    function_name = "describe"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:describe"
    aws_request_id = "00000000-0000-4000-8000-000000000000"


before = time.perf_counter()
response = handler(parsed_event, Context())
called = time.perf_counter()
assert response, "the handler returned nothing"
# not ru_maxrss of getrusage, which a child process inherits from its parent
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(f"\n{imported - started} {called - before} {peak.split()[1]}")
