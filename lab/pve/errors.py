"""How a call of the API fails: a status, a message whose first line is the reason, perhaps errors by parameter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class ApiError(Exception):
    """A failed call. `message` ends in a line feed as Perl's do; `body` is False where Proxmox sends no JSON at all."""

    status = 500
    body = True

    def __init__(self, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = dict(errors) if errors else None

    @property
    def text(self) -> str:
        """The error as Perl prints it: a code only where the exception carries one, then a line for each parameter."""
        lines = "".join(f"{key}: {value}\n" for key, value in (self.errors or {}).items())
        return (self.message if self.message.endswith("\n") else self.message + "\n") + lines


class Died(ApiError):
    """A plain `die`: 500 and one text."""

    def __init__(self, message: str) -> None:
        super().__init__(message if message.endswith("\n") else message + "\n")


class Raised(ApiError):
    """An exception object with a code: printed inside another error it shows that code in front."""

    @property
    def text(self) -> str:
        """The error as Perl prints it, the code in front."""
        return f"{self.status} {super().text}"


class BadParameters(Raised):
    """400: what is wrong, a parameter."""

    status = 400

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("Parameter verification failed.\n", errors)


class Forbidden(Raised):
    """403: `what` is `PATH, PRIVILEGE` or another reason, or nothing."""

    status = 403

    def __init__(self, what: str = "") -> None:
        super().__init__(f"Permission check failed ({what})\n" if what else "Permission check failed\n")


class Unauthorized(ApiError):
    """401 before any handler: no body, the reason phrase says why."""

    status = 401
    body = False


class LoginFailed(Raised):
    """401 of POST /access/ticket, which does have a body."""

    status = 401

    def __init__(self) -> None:
        super().__init__("authentication failure\n")


class Unavailable(ApiError):
    """501: no such method or path; `body` is False for methods that HTTP knows and Proxmox does not."""

    status = 501

    def __init__(self, message: str, *, body: bool = True) -> None:
        super().__init__(message)
        self.body = body


@contextmanager
def reraised(prefix: str = "") -> Iterator[None]:
    """Code run under a cluster file lock: its exceptions come out as plain text, so a 400 or 403 becomes a 500.

    With a prefix the text is `PREFIX: text`, as the storage configuration does it.
    """
    try:
        yield
    except ApiError as error:
        raise Died(f"{prefix}: {error.text}" if prefix else error.text) from None
