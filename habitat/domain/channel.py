"""Where alerts are sent."""

from dataclasses import dataclass
from typing import Literal

from habitat.domain.place import Language

Park = Literal["ru", "cn"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A service that takes JSON by POST.

    Attributes
    ----------
    name : str
        Also names its secret.
    park : str
        Whose acknowledgements count for it.
    language : str
    url : str
    """

    name: str
    park: Park
    language: Language
    url: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server and who gets mail through it.

    Attributes
    ----------
    name : str
        Also names its secret, the password of ``user``.
    park : str
    language : str
    host : str
    port : int
        465 speaks TLS at once; others are asked for STARTTLS, but not this machine.
    sender : str
    to : tuple of str
    user : str
        Empty: no login.
    """

    name: str
    park: Park
    language: Language
    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    user: str = ""


Channel = Webhook | Mail
