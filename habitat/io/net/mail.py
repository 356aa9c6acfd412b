"""One message by mail: TLS, one total deadline, a message id that a second sending repeats."""

import logging
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime
from socket import SHUT_RDWR, socket

from habitat.domain.channel import Mail
from habitat.domain.errors import CredentialsError, RemoteError, RequestRefusedError
from habitat.domain.fire_alert import Message
from habitat.io.net.http_policy import HttpPolicy, is_loopback
from habitat.io.secrets import mask

logger = logging.getLogger(__name__)
_TLS_PORT = 465
_PERMANENT = 500


def send_mail(mail: Mail, message: Message, password: str, policy: HttpPolicy) -> None:
    """Hand a message to the mail server of a channel.

    Parameters
    ----------
    password : str
        Of ``mail.user``; empty: no login.
    policy : HttpPolicy
        Whose hosts, deadline and certificates hold for mail too.

    Raises
    ------
    CredentialsError
        If the host is not allowed, or the login is refused.
    RemoteError
        If the server does not take it within the deadline, or refuses every recipient;
        RequestRefusedError if it refuses this message, or one of several recipients.
    """
    policy.check_url(f"https://{mail.host}:{mail.port}/")
    try:
        with _within(policy.attempt_s, _connected(mail, policy)) as server:
            if not isinstance(server, smtplib.SMTP_SSL) and not is_loopback(mail.host):
                server.starttls(context=_context(policy))
            if mail.user and password:
                server.login(mail.user, password)
            refused = server.send_message(_mail(mail, message), mail.sender, list(mail.to))
    except smtplib.SMTPAuthenticationError as error:
        raise CredentialsError(
            f"{mail.host}: the mail server refuses the login of channel {mail.name!r} "
            f"({error.smtp_code}). Check user and password."
        ) from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise _fault(mail, error) from None
    if refused:
        logger.warning("channel %s: %d recipients refused; check `to`", mail.name, len(refused))
        raise RequestRefusedError(_where(mail), next(iter(refused.values()))[0])


def _fault(mail: Mail, error: Exception) -> RemoteError:
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= _PERMANENT:
        return RequestRefusedError(_where(mail), error.smtp_code)
    return RemoteError(
        f"{mail.host}: expected the mail server to take a message of channel {mail.name!r}, "
        f"got {mask(str(error))}. It is kept and sent again by the next run."
    )


def _where(mail: Mail) -> str:
    return f"{mail.host}, channel {mail.name!r}"


def _context(policy: HttpPolicy) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=policy.ca_file)


def _connected(mail: Mail, policy: HttpPolicy) -> smtplib.SMTP:
    at = (mail.host, mail.port)
    if mail.port == _TLS_PORT:
        return smtplib.SMTP_SSL(*at, timeout=policy.connect_s, context=_context(policy))
    return smtplib.SMTP(*at, timeout=policy.connect_s)


@contextmanager
def _within(seconds: float, server: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """Shut the connection when the time is over; a timeout of its own starts anew at each byte."""
    timer = threading.Timer(seconds, _shut, [server.sock])
    timer.daemon = True
    timer.start()
    try:
        yield server
    finally:
        timer.cancel()
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _shut(sock: socket) -> None:
    with suppress(OSError):
        sock.shutdown(SHUT_RDWR)


def _mail(mail: Mail, message: Message) -> EmailMessage:
    """Return the same bytes for the same message, whenever it is sent."""
    content = EmailMessage()
    content["Subject"] = message.subject
    content["From"] = mail.sender
    content["To"] = ", ".join(mail.to)
    content["Date"] = format_datetime(message.made)
    content["Message-ID"] = f"<{message.message_id}@habitat.invalid>"
    content["Auto-Submitted"] = "auto-generated"
    content.set_content(message.text, cte="base64")
    return content
