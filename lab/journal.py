"""The journal of a lab: every API request and every ssh command it was sent, in order."""

from typing import Any


class Journal:
    """A list of entries `{"kind": "api"|"ssh", "at": epoch seconds, ...}`; secrets are hidden by whoever adds one."""

    def __init__(self) -> None:
        """An empty journal."""
        self.entries: list[dict[str, Any]] = []

    def add(self, kind: str, at: float, **what: Any) -> dict[str, Any]:
        """Append an entry and return it, so that its outcome can be filled in later."""
        entry: dict[str, Any] = {"kind": kind, "at": at, **what}
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()
