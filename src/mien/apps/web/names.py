"""The names and addresses of machines, as ``--host`` and the headers Host and Origin have them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

_PLACE = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(?::(?P<port>[0-9]{1,5}))?")
_SCHEME = re.compile(r"(?P<scheme>https?)://(?P<place>[^/]+)")
_PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """A machine and a port: what a Host or an Origin names."""

    name: str
    """In small letters; an IPv6 address without its brackets."""
    port: int | None
    """None where it is not said, and is that of the scheme."""


def place(text: str) -> Place | None:
    """Return what a Host names; None where it is malformed, as by a user, a path or a space."""
    found = _PLACE.fullmatch(text)
    if found is None or int(found["port"] or 0) > 65535:
        return None
    name = found["name"].lower()
    if name.startswith("[") and not is_address(name[1:-1]):
        return None
    return Place(name.strip("[]"), int(found["port"]) if found["port"] else None)


def origin(text: str) -> tuple[str, Place] | None:
    """Return the scheme and the place of an Origin; None where it is malformed, or "null" as from a file."""
    found = _SCHEME.fullmatch(text)
    named = place(found["place"]) if found else None
    return (found["scheme"], named) if found and named else None


def written(scheme: str, named: Place) -> str:
    """Return an origin as browsers write it: without the port that the scheme has anyway."""
    name = f"[{named.name}]" if ":" in named.name else named.name
    return f"{scheme}://{name}" + (f":{named.port}" if named.port not in (None, _PORTS[scheme]) else "")


def is_from(page: tuple[str, Place], called: Place) -> bool:
    """Return whether a page comes from the place that it calls."""
    scheme, itself = page
    usual = _PORTS[scheme]
    return (itself.name, itself.port or usual) == (called.name, called.port or usual)


def is_address(name: str) -> bool:
    """Return whether a name is an IP address, which nobody can make to lead elsewhere as they can a name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def plain(address: str) -> IPv4Address | IPv6Address:
    """Return an IP address without the interface behind "%", an IPv4 address in IPv6 as what it is."""
    ip = ip_address(address.partition("%")[0])
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
