"""One cold start, in a process of its own: import a handler from one folder, call it once, tell how long that took.

Arguments: the folder, the module, the handler in it, the event as JSON.
The last line written: seconds to import, seconds of the call, peak memory in KiB.
"""

import sys
import time

begun = time.perf_counter()
folder, module, name, event = sys.argv[1:]
sys.path.insert(0, folder)
__import__(module)
handler = getattr(sys.modules[module], name)
imported = time.perf_counter()

import json  # noqa: E402
from pathlib import Path  # noqa: E402

given = json.loads(event)


class Context:
    """What Lambda's runtime passes."""

    function_name = "describe"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:describe"
    aws_request_id = "00000000-0000-4000-8000-000000000000"


before = time.perf_counter()
answer = handler(given, Context())
called = time.perf_counter()
assert answer, "the handler answered nothing"
# not getrusage's ru_maxrss, which a process inherits from the one that forked it
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(f"\n{imported - begun} {called - before} {peak.split()[1]}")
