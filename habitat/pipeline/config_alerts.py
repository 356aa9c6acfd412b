"""Whom the fire alerts of a pipeline file are sent to."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from habitat.domain.channel import Channel, Mail, Park, Webhook
from habitat.domain.place import Language
from habitat.pipeline.config_words import Model, Name

Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")]
AllowedHost = Annotated[
    str, StringConstraints(pattern=r"^(\*\.)?[A-Za-z0-9][A-Za-z0-9.-]{0,251}(:\d{1,5})?$")
]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@?#]{1,400}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}$")]


class WebhookConfig(Model):
    """A service that takes JSON by POST."""

    kind: Literal["webhook"]
    name: Name
    park: Park = Field(description="whose acknowledgements count for it")
    language: Language = "en"
    url: Url = Field(description="no user, query or fragment: its secret is no part of this file")

    def channel(self) -> Channel:
        """Return it as the domain knows it."""
        return Webhook(self.name, self.park, self.language, self.url)


class MailConfig(Model):
    """A mail server and who gets mail through it."""

    kind: Literal["mail"]
    name: Name
    park: Park = Field(description="whose acknowledgements count for it")
    language: Language = "en"
    host: Host
    port: int = Field(default=587, ge=1, le=65535, description="465: TLS at once; else STARTTLS")
    sender: Address
    to: list[Address] = Field(min_length=1, max_length=50)
    user: str = Field(default="", max_length=200, description="login; empty: none")

    def channel(self) -> Channel:
        """Return it as the domain knows it."""
        return Mail(
            self.name, self.park, self.language, self.host, self.port, self.sender,
            tuple(self.to), self.user,
        )  # fmt: skip


class AlertsConfig(Model):
    """Channels of alerts, and the hosts that may be asked."""

    hosts: list[AllowedHost] = Field(min_length=1, description="hosts that may be asked")
    channels: list[Annotated[WebhookConfig | MailConfig, Field(discriminator="kind")]] = Field(
        default=[], max_length=50
    )
    ping: Url | None = Field(
        default=None,
        description="asked (GET) after each complete evaluation, for a dead man's switch",
    )

    @field_validator("channels")
    @classmethod
    def _distinct(
        cls, channels: list[WebhookConfig | MailConfig]
    ) -> list[WebhookConfig | MailConfig]:
        names = [channel.name for channel in channels]
        if len(set(names)) < len(names):
            raise ValueError(f"expected distinct names of channels, got {names}")
        return channels

    @model_validator(mode="after")
    def _something(self) -> "AlertsConfig":
        if not self.channels and self.ping is None:
            raise ValueError("expected channels or ping, got neither")
        return self
