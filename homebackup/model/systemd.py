"""systemd's own spelling of things."""


def unit_name(path: str, kind: str = "mount") -> str:
    """The unit of a path as `systemd-escape --path` prints it: /mnt/nas-backups is mnt-nas\\x2dbackups.mount."""

    def escape(position: int, character: str) -> str:
        if character == "/":
            return "-"
        if character.isascii() and (character.isalnum() or character in ":_" or (character == "." and position > 0)):
            return character
        return "".join(f"\\x{byte:02x}" for byte in character.encode())

    parts = "/".join(part for part in path.split("/") if part)
    return ("".join(escape(i, c) for i, c in enumerate(parts)) or "-") + f".{kind}"
