"""Until when a certificate is valid: nothing else of it is read."""

from datetime import date
from pathlib import Path

from cryptography import x509


def ends_on(path: Path) -> date:
    """The last day (UTC) of the certificate in this PEM file, of several the first to end.

    Raises ValueError where the file holds none, and OSError where it cannot be read.
    """
    found = x509.load_pem_x509_certificates(path.read_bytes())
    return min(one.not_valid_after_utc for one in found).date()
