"""Addresses of tracking servers and databases, as they may be printed: without passwords."""

import os
import re
from urllib.parse import urlsplit, urlunsplit

#: environment variables that hold addresses
VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_BACKEND_STORE_URI")
MASK = "***"

# A password may contain any character, also "/", "@" and ":". It ends at the last "@" before a space: that
# may hide more than the password, never less.
_USER_AND_PASSWORD = re.compile(r"(://[^:\s]*:)\S*@")
_PARAMETER = re.compile(r"((?:password|passwd|pwd|token|secret)\w*=)[^&\s]*", re.IGNORECASE)


def mask_passwords(text: str) -> str:
    """Replace the passwords of all addresses in a text by ``***``.

    Passwords are recognized as ``://user:password@`` and as parameters, ``password=``, ``passwd=``,
    ``sslpassword=`` and the like. The addresses of the environment are known, so that even a password with
    spaces is recognized in them.
    """
    for variable in VARIABLES:
        if address := os.environ.get(variable):
            text = text.replace(address, _mask_address(address))
    return _PARAMETER.sub(rf"\1{MASK}", _USER_AND_PASSWORD.sub(rf"\1{MASK}@", text))


def _mask_address(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    login, at, host = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    return f"{scheme}{separator}{user}{colon}{MASK if colon else ''}{at}{host}"


def without_credentials(address: str) -> str:
    """Return the address of a server without user name, password, parameters and a slash at its end."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def is_ambiguous(address: str) -> bool:
    """Return True if not everybody who reads the address finds the same password in it.

    Connections take parts of such a password for the host, the port or the path, and name them in messages.
    """
    scheme, _, rest = address.partition("://")
    if scheme.startswith("http"):
        return bool(re.search(r"[/?#\\\s]", rest.rpartition("@")[0]))
    # SQLAlchemy ends the password at the first "@". Another one may stand in the value of a parameter only.
    location, _, query = rest.partition("@")[2].partition("?")
    return "@" in location or any("@" in part.partition("=")[0] for part in query.split("&"))
