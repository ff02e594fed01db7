"""sh, dash and bash as commands: -c, -s, a script file, or a script on standard input."""

import os

from lab.node.process import Process
from lab.node.registry import command
from lab.node.shell import run_script


@command("sh", "dash", "bash")
async def sh(proc: Process, argv: list[str]) -> int:
    """Run a shell; its exit code is the script's."""
    words, options, inline, from_stdin = argv[1:], set[str](), False, False
    while words and words[0][:1] in ("-", "+") and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            break
        if word in ("-o", "+o") and words:
            name = {"errexit": "e", "nounset": "u", "noglob": "f", "xtrace": "x"}.get(words[0], words[0])
            words.pop(0)
            options.add(name)
        elif not word.startswith("--"):
            inline, from_stdin = inline or "c" in word, from_stdin or "s" in word
            options |= set(word[1:]) - set("csil")
    name, bash = argv[0], os.path.basename(argv[0]) == "bash"
    if inline:
        if not words:
            return await proc.fail("-c", "requires an argument", 2)
        return await run_script(
            proc, words[0], name=(words[1:2] or [name])[0], args=words[2:], bash=bash, options=options, inline=True
        )
    if words and not from_stdin:
        try:
            script = await proc.read_file(words[0])
        except OSError as error:
            reason = os.strerror(error.errno or 5)
            await proc.err(
                f"{name}: 0: cannot open {words[0]}: No such file" if not bash else f"bash: {words[0]}: {reason}"
            )
            return 2 if not bash else 127
        return await run_script(
            proc, script.decode("utf-8", "surrogateescape"), name=words[0], args=words[1:], bash=bash, options=options
        )
    script = await proc.stdin.read()
    return await run_script(
        proc, script.decode("utf-8", "surrogateescape"), name=name, args=words, bash=bash, options=options
    )
