"""IATI activity files: read in 1.0x and 2.0x, written in 2.03."""

from registry.exchange.iati.stream import read_iati

__all__ = ["read_iati"]
