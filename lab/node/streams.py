"""What the descriptors of a simulated process lead to: files, pipes, memory, devices."""

import asyncio
import errno
import os
from collections.abc import Callable
from io import FileIO

from lab.node.paths import fault
from lab.node.root import Root

PIPE_SIZE = 65536
MEMORY_LIMIT = 64 * 2**20


class Stream:
    """An open description that several descriptors may share; closed when the last of them lets go."""

    def __init__(self) -> None:
        """Held once."""
        self.held = 1
        self.on_close: Callable[[], None] | None = None
        """Called when it is closed: a lock taken on the descriptor goes with it."""

    def hold(self) -> "Stream":
        """One descriptor more leads here."""
        self.held += 1
        return self

    def release(self) -> None:
        """One descriptor less; the last one closes it."""
        self.held -= 1
        if self.held == 0:
            self.close()
            if self.on_close:
                self.on_close()

    def close(self) -> None:
        """Nobody holds it any more."""

    async def read(self, size: int = -1) -> bytes:
        """All bytes to the end with -1, else 1 to `size` bytes, empty at the end."""
        raise fault(errno.EBADF, "descriptor")

    async def readline(self) -> bytes:
        """Bytes up to and with the next line feed, or what is left at the end."""
        line = bytearray()
        while not line.endswith(b"\n") and (byte := await self.read(1)):
            line += byte
        return bytes(line)

    async def write(self, data: bytes) -> None:
        """Write all of `data`; raises BrokenPipeError when nobody reads."""
        raise fault(errno.EBADF, "descriptor")


class Memory(Stream):
    """Bytes to be read, then the end; what is written is collected (up to 64 MiB)."""

    def __init__(self, data: bytes = b"") -> None:
        """A stream that first yields `data`."""
        super().__init__()
        self.data = data
        self.at = 0
        self.written = bytearray()

    async def read(self, size: int = -1) -> bytes:
        """The next bytes of `data`."""
        end = len(self.data) if size < 0 else self.at + size
        piece, self.at = self.data[self.at : end], min(end, len(self.data))
        return piece

    async def readline(self) -> bytes:
        """The next line of `data`."""
        end = self.data.find(b"\n", self.at)
        return await self.read(-1 if end < 0 else end + 1 - self.at)

    async def write(self, data: bytes) -> None:
        """Collect `data`; ENOMEM when it grows beyond all reason."""
        if len(self.written) + len(data) > MEMORY_LIMIT:
            raise fault(errno.ENOMEM, "descriptor")
        self.written += data
        await asyncio.sleep(0)


class File(Stream):
    """A file of the node, opened once, with its own position."""

    def __init__(self, root: Root, path: str, file: FileIO) -> None:
        """The description of an open `file` found at `path`."""
        super().__init__()
        self.root, self.path, self.file, self.dirty = root, path, file, False

    def close(self) -> None:
        """Close the file and stamp it, when it was written, with the node's clock."""
        self.file.close()
        try:
            if self.dirty:
                self.root.touched(self.path)
        except OSError:
            pass  # it was removed, or its server went away, while it was open

    def _reachable(self) -> None:
        if self.root.dead(self.path):
            raise fault(errno.EIO, self.path)

    async def read(self, size: int = -1) -> bytes:
        """The next bytes of the file."""
        self._reachable()
        return self.file.readall() if size < 0 else self.file.read(size) or b""

    async def readline(self) -> bytes:
        """The next line of the file."""
        self._reachable()
        return self.file.readline()

    async def write(self, data: bytes) -> None:
        """Write as much as fits; ENOSPC when that was not all."""
        self._reachable()
        fits = self.root.room(self.path, len(data))
        self.file.write(data[:fits])
        self.dirty = True
        if fits < len(data):
            raise fault(errno.ENOSPC, self.path)
        await asyncio.sleep(0)


class Device(Stream):
    """A character device: null, zero, full, random, urandom."""

    def __init__(self, name: str) -> None:
        """The device /dev/`name`."""
        super().__init__()
        self.name = name

    async def read(self, size: int = -1) -> bytes:
        """Nothing from null, endless bytes from the others (64 KiB at a time at most)."""
        await asyncio.sleep(0)
        if self.name in ("null", "tty"):
            return b""
        count = PIPE_SIZE if size < 0 else min(size, PIPE_SIZE)
        return os.urandom(count) if "random" in self.name else bytes(count)

    async def write(self, data: bytes) -> None:
        """Swallow everything; /dev/full is full."""
        if self.name == "full":
            raise fault(errno.ENOSPC, "/dev/full")
        await asyncio.sleep(0)


class _Pipe:
    def __init__(self) -> None:
        self.buffer = bytearray()
        self.readers = self.writers = 1
        self.changed = asyncio.Event()

    def notify(self) -> None:
        self.changed.set()

    async def change(self) -> None:
        self.changed.clear()
        await self.changed.wait()


class ReadEnd(Stream):
    """Where a pipe is read."""

    def __init__(self, pipe: _Pipe) -> None:
        """The only reader of `pipe`."""
        super().__init__()
        self.pipe = pipe

    def close(self) -> None:
        """Writers get EPIPE from now on."""
        self.pipe.readers = 0
        self.pipe.notify()

    async def read(self, size: int = -1) -> bytes:
        """Wait for bytes, or with -1 for the end."""
        pipe = self.pipe
        if size < 0:
            collected = bytearray()
            while piece := await self.read(PIPE_SIZE):
                collected += piece
                if len(collected) > MEMORY_LIMIT:
                    raise fault(errno.ENOMEM, "pipe")
            return bytes(collected)
        while not pipe.buffer and pipe.writers:
            await pipe.change()
        piece = bytes(pipe.buffer[:size])
        del pipe.buffer[:size]
        pipe.notify()
        return piece


class WriteEnd(Stream):
    """Where a pipe is written."""

    def __init__(self, pipe: _Pipe) -> None:
        """The only writer of `pipe`."""
        super().__init__()
        self.pipe = pipe

    def close(self) -> None:
        """Readers see the end after what is still in the pipe."""
        self.pipe.writers = 0
        self.pipe.notify()

    async def write(self, data: bytes) -> None:
        """Write all, waiting while the pipe is full; BrokenPipeError when the reader has gone."""
        pipe, at = self.pipe, 0
        while at < len(data):
            while pipe.readers and len(pipe.buffer) >= PIPE_SIZE:
                await pipe.change()
            if not pipe.readers:
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
            piece = data[at : at + PIPE_SIZE - len(pipe.buffer)]
            pipe.buffer += piece
            at += len(piece)
            pipe.notify()
        await asyncio.sleep(0)


def pipe() -> tuple[ReadEnd, WriteEnd]:
    """The two ends of a new pipe."""
    shared = _Pipe()
    return ReadEnd(shared), WriteEnd(shared)
