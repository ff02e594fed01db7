"""Unit names from paths and back, as systemd-escape makes them."""

import re


def escape(text: str) -> str:
    """A text for use in a unit name: `/` becomes `-`, other odd bytes \\xNN; an empty one stays empty."""
    out = ""
    for index, byte in enumerate(text.encode("utf-8", "surrogateescape")):
        char = chr(byte)
        if char == "/":
            out += "-"
        elif (char == "." and index == 0) or not re.fullmatch(r"[A-Za-z0-9:_.]", char):
            out += f"\\x{byte:02x}"
        else:
            out += char
    return out


def escape_path(path: str) -> str:
    """A path for use in a unit name, without slashes at its ends; the root is `-`."""
    parts = [p for p in path.split("/") if p]
    return escape("/".join(parts)) if parts else "-"


def unescape(name: str) -> str:
    """The text that `escape` made this of."""
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), name.replace("-", "/").encode())
    return raw.decode("utf-8", "surrogateescape")


def unescape_path(name: str) -> str:
    """The path that `escape_path` made this of."""
    return "/" if name == "-" else "/" + unescape(name)
