"""What the codes of DSM's web API mean, as errors with a sentence each; they are told apart by whom they answer.

Those of a login and of every API are Synology's own documentation; those of NFS and Hyper Backup are reports of people
who tried, and a code that nobody told of is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from homebackup.world.errors import Denied, Failed, Missing, NotLoggedIn, Refused, Trouble

SESSION_OVER = frozenset({106, 107, 119})
"""Timed out, ended by another login, or not known: one new login helps."""
OTP_WANTED = 403
BLOCKED = 407
_ONCE = "it was tried once, since DSM blocks an address after several"
_SECURITY = "in DSM, Control Panel, Security"
LOGIN: Mapping[int, tuple[str, str]] = {
    400: ("it does not take this account with this password", f"correct dsmAccount or dsmPassword; {_ONCE}"),
    401: ("the account is disabled or is a guest's", "enable it in DSM, Control Panel, User"),
    402: ("the account may not log in", "let it use DSM in Control Panel, User, Applications"),
    OTP_WANTED: ("it asks for a one-time code", "enter one once with homebackup trust --dsm, which keeps a device id"),
    404: ("the one-time code is wrong or over", "wait for the next one and run homebackup trust --dsm again"),
    406: ("it wants this account to have a second factor", "set one up by logging in to DSM with a browser"),
    BLOCKED: ("it blocks this machine's address", f"take the address off the block list {_SECURITY}, Protection"),
    408: ("the account's password is over", "change it in DSM, then set dsmPassword"),
    409: ("the account's password is over", "change it in DSM, then set dsmPassword"),
    410: ("the account's password has to be changed", "change it in DSM, then set dsmPassword"),
    411: ("the account is locked", f"wait, or unlock it {_SECURITY}, Account"),
}
"""What a login that is refused says, and what to do. None of them is ever tried again."""
_DEFECT = "this is a defect or another DSM than the ones that were told of; please report it with this line"
_NO_SHARE = "create it in DSM, or correct the name"
ANSWERS: Mapping[int, tuple[type[Trouble], str, str]] = {
    101: (Refused, "a parameter of {command} is wrong", _DEFECT),
    102: (Missing, "it has no {api}", "update DSM or install the package that has it"),
    103: (Missing, "its {api} has no {method}", _DEFECT),
    104: (Missing, "it has {command} in other versions", _DEFECT),
    105: (Denied, "account {account} may not use {command}", "put it into the group administrators"),
    2001: (Refused, "the settings given to {command} are not whole", _DEFECT),
    2301: (
        Refused,
        "it refused the NFS rules",
        "see in DSM that NFS is on, and that each client of the share is right",
    ),
    2370: (Missing, "it has no such shared folder", _NO_SHARE),
    2371: (Denied, "account {account} may not change the share's NFS rules", "put it into the group administrators"),
    2372: (Denied, "account {account} may not change the share's NFS rules", "put it into the group administrators"),
}
"""What a call that is refused says."""


class CodeWanted(NotLoggedIn):
    """The account has a second factor, and DSM does not know this machine."""


def of_login(subject: str, code: int) -> NotLoggedIn:
    """The error for a login that ended with the code."""
    said, remedy = LOGIN.get(code, (f"it refused the login with code {code}", _DEFECT))
    return (CodeWanted if code == OTP_WANTED else NotLoggedIn)(subject, said, remedy)


def of_call(subject: str, command: str, code: int, account: str) -> Trouble:
    """The error for a call that ended with the code."""
    api, _, method = command.partition(" ")
    known = ANSWERS.get(code)
    if known is None and 4400 <= code < 4500:
        return Failed(subject, f"Hyper Backup answered code {code} to {command}", "see its log in DSM, and run again")
    kind, said, remedy = known or (Refused, "it answered code {code} to {command}", _DEFECT)
    told = said.format(api=api, method=method, command=command, account=account, code=code)
    return kind(subject, told, remedy)
