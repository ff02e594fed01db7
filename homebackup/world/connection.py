"""How to reach the site: the provider's configuration, parsed and checked before anything is touched."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from homebackup.model.configuration import DEADMAN, NAMESPACE, NOTIFY
from homebackup.model.plain import control
from homebackup.world.errors import Refused
from homebackup.world.ready import from_lab

FILES = frozenset({"caFile", "lab", "sshIdentityFile", "sshKnownHosts"})
"""Keys whose values are paths on this machine."""

_USER = re.compile(r"[^\s@!:/]+@[A-Za-z][A-Za-z0-9.\-_]*")
_TOKEN = re.compile(r"(?P<user>[^\s@!:/]+@[A-Za-z][A-Za-z0-9.\-_]*)!(?P<id>[A-Za-z][A-Za-z0-9.\-_]+)=(?P<value>\S+)")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-_]*[A-Za-z0-9])?\.?")
_HOST_KEY = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9\-@.]+ [A-Za-z0-9+/=]+( .*)?|SHA256:[A-Za-z0-9+/]{43}=?")


class Problems(Refused):
    """The configuration is wrong; `errors` maps each property to its sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        said = "; ".join(f"{key}: {reason}" for key, reason in errors.items())
        super().__init__(f"configuration of {NAMESPACE}", said, "correct it with pulumi config set", errors=errors)


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError:
        pass
    if not _NAME.fullmatch(value):
        raise ValueError("is no host name or address; write it without https:// and without a port")
    return value


def _user(value: str) -> str:
    if not _USER.fullmatch(value):
        raise ValueError("is no user with its realm, as in root@pam")
    return value


def _token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("is no API token of the form USER@REALM!ID=UUID")
    return value


def colons(value: str) -> str:
    """A SHA-256 fingerprint as Proxmox VE prints it, `AA:BB:…`, from any usual spelling; else ValueError."""
    digits = value.replace(":", "").replace(" ", "").upper()
    if not re.fullmatch(r"[0-9A-F]{64}", digits):
        raise ValueError("is no SHA-256 fingerprint of 32 bytes, AA:BB:… (pvenode cert info prints it)")
    return ":".join(digits[i : i + 2] for i in range(0, 64, 2))


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@?#]+", value.rstrip("/")):
        raise ValueError("is no address of the form https://HOST:PORT")
    return value.rstrip("/")


def _host_key(value: str) -> str:
    if not _HOST_KEY.fullmatch(value):
        raise ValueError("is neither a public host key (ssh-ed25519 AAAA…) nor a fingerprint SHA256:…")
    return value


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"names the file {value}, which does not exist")
    return value


def _no_control(value: object) -> object:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str) and control(text) is not None:
        raise ValueError("holds a control character")
    return value


File = Annotated[Path, BeforeValidator(_no_control), AfterValidator(_file)]
Text = Annotated[str, BeforeValidator(_no_control)]
Secret = Annotated[SecretStr, BeforeValidator(_no_control)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Connection(BaseModel):
    """Where the node is, how to log in, and what proves that it is the right one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    host: Annotated[Text, AfterValidator(_host)]
    """Name or address of the node."""
    api: Literal["ssh", "https"] = "ssh"
    """How the Proxmox VE API is reached: `pvesh` over ssh (one credential for everything), or https."""
    api_port: Port = 8006
    """Port of the API over https."""
    user: Annotated[Text, AfterValidator(_user)] = "root@pam"
    """User of the API over https, with its realm."""
    password: Secret | None = None
    """Password of that user."""
    token: Annotated[Secret, AfterValidator(_token)] | None = None
    """API token instead of user and password."""
    fingerprint: Annotated[Text, AfterValidator(colons)] | None = None
    """SHA-256 fingerprint of the API's certificate; when given, it alone decides."""
    ca_file: File | None = None
    """Certificates that vouch for the API's; by default those of the system."""
    ssh_user: Text = "root"
    """User on the host."""
    ssh_port: Port | None = None
    """Port of sshd; by default what ~/.ssh/config says, else 22."""
    ssh_identity_file: File | None = None
    """Private key; by default the agent's keys and those of ~/.ssh."""
    ssh_host_key: Annotated[Text, AfterValidator(_host_key)] | None = None
    """The host's public key or its SHA256 fingerprint; when given, it alone decides."""
    ssh_known_hosts: File | None = None
    """File of known host keys; by default ~/.ssh/known_hosts."""
    timeout: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 30.0
    """Seconds after which an answer is given up."""
    home_assistant_url: Annotated[Text, AfterValidator(_url)] | None = None
    """Where Home Assistant is, as http://10.0.0.100:8123."""
    home_assistant_token: Secret | None = None
    """Long-lived access token of an administrator of Home Assistant."""
    dsm_url: Annotated[Text, AfterValidator(_url)] | None = None
    """Where the NAS's DSM is, as https://10.0.0.150:5001."""
    dsm_account: Text | None = None
    """An administrator of DSM."""
    dsm_password: Secret | None = None
    """Password of that account."""
    dsm_device: Secret | None = None
    """Device id that DSM gave this machine when a one-time code was entered; needed with two-factor login."""
    dsm_fingerprint: Annotated[Text, AfterValidator(colons)] | None = None
    """SHA-256 fingerprint of DSM's certificate; when given, it alone decides."""
    lab: File | None = None
    """Ready file of a lab, which supplies whatever is not given here."""

    @property
    def token_parts(self) -> tuple[str, str, str]:
        """User, id and value of the token; only where there is one."""
        found = _TOKEN.fullmatch(self.token.get_secret_value()) if self.token else None
        if found is None:
            raise ValueError("no token is configured")
        return found["user"], found["id"], found["value"]

    @property
    def secrets(self) -> list[str]:
        """Every secret in plain, to be hidden wherever it turns up."""
        secret = (self.password, self.token, self.home_assistant_token, self.dsm_password, self.dsm_device)
        plain = [s.get_secret_value() for s in secret if s is not None]
        return plain + ([self.token_parts[2]] if self.token else [])

    @property
    def is_root(self) -> bool:
        """Whether Proxmox VE takes us for `root@pam` itself: no token is, whatever its privileges."""
        if self.api == "ssh":
            return self.ssh_user == "root"
        return self.token is None and self.user == "root@pam"

    @model_validator(mode="after")
    def _agree(self) -> Connection:
        wrong: dict[str, str] = {}
        if self.api == "https" and self.password is None and self.token is None:
            wrong["password"] = "is missing: api https needs a password or a token"  # noqa: S105
        if self.password is not None and self.token is not None:
            wrong["token"] = "is given beside password: keep one of them"  # noqa: S105
        if self.fingerprint is not None and self.ca_file is not None:
            wrong["fingerprint"] = "is given beside caFile: keep one of them"
        if self.ssh_host_key is not None and self.ssh_known_hosts is not None:
            wrong["sshHostKey"] = "is given beside sshKnownHosts: keep one of them"
        if wrong:
            raise Problems(wrong)
        return self

    @classmethod
    def parse(cls, config: Mapping[str, str], folder: Path = Path()) -> Connection:
        """The connection that a provider's configuration describes.

        Keys are those of the stack without their namespace, values are text; an empty value is no value. Paths are
        relative to `folder`, the project's. Raises Problems with a sentence for each wrong key, an unknown one
        included; no secret is in it.
        """
        given = {key: value for key, value in config.items() if value != "" and key not in (NOTIFY, DEADMAN)}
        for key in FILES & given.keys():
            given[key] = str(folder / Path(given[key]).expanduser())
        if "lab" in given:
            try:
                given = from_lab(Path(given["lab"]), given)
            except ValueError as error:
                raise Problems({"lab": str(error)}) from None
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise Problems(
                {str(e["loc"][0] if e["loc"] else "lab"): _sentence(e["type"], e["msg"]) for e in error.errors()}
            ) from None


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        known = ", ".join(f.alias or name for name, f in Connection.model_fields.items())
        return f"is unknown; known are {known}"
    return message.removeprefix("Value error, ").replace("Input should be", "should be")
