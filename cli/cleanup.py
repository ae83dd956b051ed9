"""Create resources, and remove them again whatever happens in between."""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

from . import errors

T = TypeVar("T")
UNKNOWN = "the call was interrupted, so it may exist."


class Cleanup:
    """Remembers how to remove what was created. `not_removed` has a sentence for each resource that is left."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[], object]]] = []
        self.not_removed: list[str] = []

    def create(self, what: str, create: Callable[[], T], remove: Callable[[T], object]) -> T:
        """Create a resource and return what `create` returns; `remove` receives it later. `what` names the resource."""
        try:
            created = create()
        except ClientError:  # AWS rejected the call
            raise
        except BaseException:
            self.not_removed.append(f"{what}: {UNKNOWN}")
            raise
        self._steps.append((what, lambda: remove(created)))
        return created

    def run(self) -> None:
        """Remove everything, the newest first. An error or Ctrl-C ends only the removal of one resource."""
        while self._steps:
            what, remove = self._steps.pop()
            try:
                remove()
            except errors.EXPECTED as error:
                self.not_removed.append(f"{what}: {errors.sentence(error)}")
            except KeyboardInterrupt:
                self.not_removed.append(f"{what}: {UNKNOWN}")
