"""sed: substitute, delete, print, append, insert, change, quit; -n, -i, -E, -e."""

import re
from dataclasses import dataclass

from lab.node.commands.grep import compiled
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command

Address = int | str | re.Pattern[str] | None


@dataclass
class Step:
    """One command with its addresses."""

    first: Address
    last: Address
    negate: bool
    verb: str
    text: str = ""
    expression: re.Pattern[str] | None = None
    replacement: str = ""
    flags: str = ""
    inside: bool = False


class Script:
    """The script of one sed, read from its text."""

    def __init__(self, text: str, *, extended: bool) -> None:
        """Raises BadUsage for what the lab's sed does not know."""
        self.text, self.at, self.extended = text, 0, extended
        self.steps: list[Step] = []
        while True:
            while self._look() and self._look() in " \t\n;}":
                self.at += 1
            if not self._look():
                return
            self.steps.append(self._step())

    def _look(self) -> str:
        return self.text[self.at : self.at + 1]

    def _until(self, end: str) -> str:
        out = ""
        while self._look() != end:
            if not self._look():
                raise BadUsage(f"-e expression #1, char {self.at}: unterminated command")
            if self._look() == "\\" and self.text[self.at + 1 : self.at + 2] == end and end != "\\":
                out += end if end in "/|,#:@!%" else "\\" + end
                self.at += 2
            elif self._look() == "\\":
                out += self.text[self.at : self.at + 2]
                self.at += 2
            else:
                out += self._look()
                self.at += 1
        self.at += 1
        return out

    def _address(self) -> Address:
        if self._look() == "$":
            self.at += 1
            return "$"
        if match := re.compile(r"\d+").match(self.text, self.at):
            self.at = match.end()
            return int(match[0])
        if self._look() in ("/", "\\"):
            self.at += 1 if self._look() == "/" else 2
            return compiled(self._until(self.text[self.at - 1]), extended=self.extended)
        return None

    def _step(self) -> Step:
        first = self._address()
        last: Address = None
        if self._look() == ",":
            self.at += 1
            last = self._address()
        while self._look() in (" ", "\t"):
            self.at += 1
        negate = self._look() == "!"
        self.at += negate
        verb = self._look()
        self.at += 1
        step = Step(first, last, negate, verb)
        if verb == "s":
            self._substitution(step)
        elif verb == "y":
            end = self._look()
            self.at += 1
            step.text, step.replacement = self._until(end), self._until(end)
        elif verb in "aic":
            match = re.compile(r"[ \t]*\\?\n?[ \t]*([^\n]*)").match(self.text, self.at)
            step.text, self.at = (match[1], match.end()) if match else ("", self.at)
        elif verb not in "dpqQ=#":
            raise BadUsage(f"-e expression #1, char {self.at}: unknown command: '{verb}'")
        return step

    def _substitution(self, step: Step) -> None:
        end = self._look()
        self.at += 1
        pattern, step.replacement = self._until(end), self._until(end)
        match = re.compile(r"[gpiIeM0-9]*").match(self.text, self.at)
        step.flags = match[0] if match else ""
        self.at += len(step.flags)
        step.expression = compiled(pattern, re.IGNORECASE if "i" in step.flags.lower() else 0, extended=self.extended)


@command("sed")
async def sed(proc: Process, argv: list[str]) -> int:
    """Edit a stream, or with -i files in place (written beside and renamed)."""
    argv = [
        re.sub(r"^-i(?=.)", "--in-place=", w) if re.match(r"-i.", w) and not w.startswith("-ie") else w for w in argv
    ]
    argv = ["--in-place=" if w in ("-i", "--in-place") else w for w in argv]
    given = Options(
        argv,
        "nEre:f:sz",
        "quiet silent expression= regexp-extended in-place=",
        same="quiet=n silent=n expression=e regexp-extended=E r=E",
    )
    operands, texts = list(given.operands), given.all("e")
    if not texts:
        if not operands:
            raise BadUsage("no script specified")
        texts = [operands.pop(0)]
    script = Script("\n".join(texts), extended="E" in given)
    code = 0
    for name in operands or ["-"]:
        try:
            data = await proc.read_file(name)
        except OSError as error:
            code = await proc.fail(f"can't read {name}", error, 2)
            continue
        out = _edited(data.decode("utf-8", "surrogateescape"), script, quiet="n" in given).encode(
            "utf-8", "surrogateescape"
        )
        if "in-place" not in given:
            await proc.out(out)
            continue
        path = proc.path(name)
        found = proc.root.stat(path)
        if given.get("in-place"):
            proc.root.write(path + given.get("in-place"), data)
        beside = f"{path.rpartition('/')[0]}/sed{proc.pid:06d}"
        try:
            proc.root.write(beside, out)
        except OSError as error:
            if proc.root.exists(beside):
                proc.root.unlink(beside)
            return await proc.fail(f"couldn't open temporary file {beside}", error, 4)
        proc.root.chmod(beside, found.st_mode & 0o7777)
        proc.root.chown(beside, found.st_uid, found.st_gid)
        proc.root.rename(beside, path)
    return code


def _edited(text: str, script: Script, *, quiet: bool) -> str:
    lines = text.split("\n")
    whole = lines[-1] == ""
    lines = lines[:-1] if whole else lines
    out: list[str] = []
    for number, line in enumerate(lines, 1):
        kept, appended, stop = _cycle(script, line, number, number == len(lines), out)
        if kept is not None and not quiet:
            out.append(kept)
        out += appended
        if stop:
            break
    return "\n".join(out) + ("\n" if out and (whole or len(out) < len(lines)) else "")


def _cycle(script: Script, line: str, number: int, last: bool, out: list[str]) -> tuple[str | None, list[str], bool]:
    """One line through the script: what is left of it, what comes after it, whether that was the last."""
    appended: list[str] = []
    for step in script.steps:
        if step.verb == "#" or _selected(step, line, number, last) == step.negate:
            continue
        if step.verb in "dc":
            out += [step.text] if step.verb == "c" and not (step.last is not None and step.inside) else []
            return None, appended, False
        if step.verb in "qQ":
            return (line if step.verb == "q" else None), appended, True
        if step.verb in "pi=":
            out.append({"p": line, "i": step.text, "=": str(number)}[step.verb])
        elif step.verb == "a":
            appended.append(step.text)
        elif step.verb == "y":
            line = line.translate(str.maketrans(step.text, step.replacement))
        elif step.verb == "s":
            line, changed = _substituted(step, line)
            if changed and "p" in step.flags:
                out.append(line)
    return line, appended, False


def _hit(address: Address, line: str, number: int, last: bool) -> bool:
    if isinstance(address, int):
        return address == number
    if isinstance(address, str):
        return last
    return address is None or address.search(line) is not None


def _selected(step: Step, line: str, number: int, last: bool) -> bool:
    if step.last is None:
        return _hit(step.first, line, number, last)
    if step.inside:
        step.inside = not (step.last <= number if isinstance(step.last, int) else _hit(step.last, line, number, last))
        return True
    if _hit(step.first, line, number, last):
        step.inside = not (isinstance(step.last, int) and step.last <= number)
        return True
    return False


def _substituted(step: Step, line: str) -> tuple[str, bool]:
    assert step.expression is not None

    def replaced(match: re.Match[str]) -> str:
        def one(part: re.Match[str]) -> str:
            if part[0] == "&":
                return match[0]
            if part[1].isdigit():
                return match[int(part[1])] or ""
            return {"n": "\n", "t": "\t"}.get(part[1], part[1])

        return re.sub(r"\\(.)|&", one, step.replacement, flags=re.DOTALL)

    wanted = int(re.sub(r"\D", "", step.flags) or 1)
    seen = 0

    def counted(match: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return replaced(match) if seen == wanted or (seen > wanted and "g" in step.flags) else match[0]

    changed = step.expression.sub(counted, line)
    return changed, seen >= wanted
