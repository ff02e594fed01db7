"""Runs a parsed shell script; every command is a coroutine, nothing is ever executed outside the lab."""

import asyncio
import copy

from lab.node.process import Process
from lab.node.shell import expansion, invocation, patterns
from lab.node.shell.flow import Leave, LeaveFunction, LeaveLoop, LeaveShell, ShellError
from lab.node.shell.parser import Parser
from lab.node.shell.redirection import RedirectionFailed, Saved, apply
from lab.node.shell.state import State
from lab.node.shell.syntax import (
    AndOr,
    Case,
    For,
    Function,
    If,
    Loop,
    Node,
    Pipeline,
    Redirected,
    Sequence,
    ShellSyntaxError,
    Simple,
    Subshell,
)
from lab.node.streams import Memory, Stream, pipe


class Shell(State):
    """A shell that runs in a process."""

    async def run(self, node: Node) -> int:
        """Run a command; the exit code, which is also $?. Raises Leave for jumps, LeaveShell when `set -e` acts."""
        match node:
            case Sequence():
                for item, background in node.items:
                    if background:
                        await self._in_background(item)
                    else:
                        await self.run(item)
                if not node.items:
                    self.status = 0
                return self.status
            case AndOr():
                return await self._and_or(node)
            case Simple():
                self.status = await self._simple(node)
            case Pipeline():
                self.status = await self._pipeline(node)
                if node.negate:
                    return self.status
            case Subshell():
                self.status = await self._child(node.body, {})
            case Redirected():
                self.status = await self._redirected(node)
            case Function():
                self.functions[node.name] = node.body
                self.status = 0
            case _:
                return await self._compound(node)
        self.fail_if_strict()
        return self.status

    def fail_if_strict(self) -> None:
        """Act on a failure when `set -e` is on and nobody looks at it."""
        if self.status and "e" in self.options and not self.guarded:
            raise LeaveShell(self.status)

    async def _guarded(self, node: Node) -> int:
        self.guarded += 1
        try:
            return await self.run(node)
        finally:
            self.guarded -= 1

    async def _and_or(self, node: AndOr) -> int:
        chain = [("", node.first), *node.rest]
        for index, (operator, part) in enumerate(chain):
            if (operator == "&&" and self.status) or (operator == "||" and not self.status):
                continue
            await (self.run(part) if index == len(chain) - 1 else self._guarded(part))
        return self.status

    async def _compound(self, node: If | Loop | For | Case | Node) -> int:
        match node:
            case If():
                for condition, body in node.branches:
                    if await self._guarded(condition) == 0:
                        return await self.run(body)
                self.status = 0
                return await self.run(node.otherwise) if node.otherwise else 0
            case Loop():
                status = 0
                while (await self._guarded(node.condition) == 0) != node.until:
                    status, again = await self._turn(node.body)
                    if not again:
                        break
                self.status = status
            case For():
                words = self.args if node.words is None else await expansion.fields(self, node.words)
                self.status = 0
                for word in list(words):
                    self.assign(node.name, word)
                    if not (await self._turn(node.body))[1]:
                        break
            case Case():
                return await self._case(node)
        return self.status

    async def _case(self, node: Case) -> int:
        subject = await expansion.text(self, node.word)
        self.status = 0
        for globs, body in node.items:
            for glob in globs:
                if patterns.matches(await expansion.pattern(self, glob), subject):
                    return await self.run(body)
        return 0

    async def _turn(self, body: Node) -> tuple[int, bool]:
        """One turn of a loop: (exit code, whether to go on)."""
        self.loops += 1
        try:
            await asyncio.sleep(0)
            return await self.run(body), True
        except LeaveLoop as leave:
            self.status = 0
            if leave.levels > 1 and self.loops > 1:
                raise LeaveLoop(leave.levels - 1, leave.again) from None
            return 0, leave.again
        finally:
            self.loops -= 1

    # -- children ---------------------------------------------------------------------------------------------

    def _copy(self, process: Process) -> "Shell":
        child = copy.copy(self)
        child.process, child.inline = process, False
        child.variables, child.functions = dict(self.variables), dict(self.functions)
        child.exported, child.readonly, child.options = set(self.exported), set(self.readonly), set(self.options)
        child.args, child.traps, child.locals = list(self.args), {}, [dict(scope) for scope in self.locals]
        return child

    def _start(self, node: Node, streams: dict[int, Stream]) -> "tuple[Shell, asyncio.Task[int]]":
        try:
            process = self.process.fork([self.name])
        except OSError as error:
            raise ShellError(
                "Cannot fork" if not self.bash else "fork: retry: Resource temporarily unavailable"
            ) from error
        for number, stream in streams.items():
            process.replace(number, stream.hold())
        child = self._copy(process)
        return child, self.process.machine.launch(process, child.to_the_end(node))

    async def _child(self, node: Node, streams: dict[int, Stream]) -> int:
        return await self._start(node, streams)[1]

    async def to_the_end(self, node: Node) -> int:
        """Run as a whole shell: jumps end it, its EXIT trap runs; the exit code."""
        try:
            code = await self._contained(node)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            action = self.traps.get({1: "HUP", 2: "INT", 15: "TERM"}.get(self.process.signal, ""))
            if (
                self.process.session.killed
                or not self.process.signal
                or task is None
                or (action is None and not (self.bash and "EXIT" in self.traps))
            ):
                raise
            task.uncancel()
            code = 128 + self.process.signal
            self.process.signal = 0
            if action:
                code = await self._action(action, code)
        action = self.traps.pop("EXIT", "")
        return await self._action(action, code) if action else code

    async def _action(self, action: str, code: int) -> int:
        self.status = code
        try:
            await self.evaluate(action)
        except LeaveShell as leave:
            return leave.code
        except (Leave, ShellError):
            pass
        return code

    async def _contained(self, node: Node) -> int:
        try:
            return await self.run(node)
        except LeaveShell as leave:
            return leave.code
        except LeaveFunction as leave:
            return leave.code
        except Leave:
            return 0
        except ShellError as error:
            await self.process.err(self.complaint(str(error)))
            return self.error_code if error.code is None else error.code

    async def _in_background(self, node: Node) -> None:
        child, _ = self._start(node, {0: Memory()})
        self.background, self.status = child.process.pid, 0

    async def _pipeline(self, node: Pipeline) -> int:
        if len(node.commands) == 1:
            status = await self._guarded(node.commands[0])
            return int(status == 0) if node.negate else status
        tasks: list[asyncio.Task[int]] = []
        before: Stream | None = None
        for index, command in enumerate(node.commands):
            streams: dict[int, Stream] = {0: before} if before else {}
            after, write = pipe() if index < len(node.commands) - 1 else (None, None)
            if write:
                streams[1] = write
            try:
                tasks.append(self._start(command, streams)[1])
            finally:
                for stream in (before, write):
                    if stream:
                        stream.release()
            before = after
        codes = await asyncio.gather(*tasks)
        status = codes[-1]
        if "pipefail" in self.options:
            status = next((c for c in reversed(codes) if c), 0)
        return int(status == 0) if node.negate else status

    async def substitute(self, script: Node) -> str:
        """The output of a command substitution, without its last line feeds."""
        collected = Memory()
        child, task = self._start(script, {1: collected})
        child.guarded = 0
        if self.bash:
            child.options.discard("e")
        self.status = await task
        self.substituted = True
        return collected.written.replace(b"\0", b"").decode("utf-8", "surrogateescape").rstrip("\n")

    # -- commands ---------------------------------------------------------------------------------------------

    async def _redirected(self, node: Redirected) -> int:
        saved = Saved(self.process)
        try:
            await apply(self, self.process, node.redirects)
            return await self.run(node.body)
        except RedirectionFailed as error:
            await self.process.err(self.complaint(str(error)))
            return 1 if self.bash else 2
        finally:
            saved.restore()

    async def _simple(self, node: Simple) -> int:
        self.line, self.substituted = node.line, False
        words = await expansion.arguments(self, node.words)
        self.line = node.line
        if not words and not node.redirects:
            await invocation.assign_all(self, node)
            return self.status if self.substituted else 0
        await self.process.session.step()
        if "x" in self.options:
            await self.process.err("+ " + " ".join(words))
        return await invocation.invoke(self, node, words)

    async def evaluate(self, script: str) -> int:
        """Run more script in this shell; raises ShellError when it cannot be parsed."""
        try:
            program = Parser(script, bash=self.bash).program()
        except ShellSyntaxError as error:
            self.line = error.line
            raise ShellError(str(error)) from error
        return await self.run(program)
