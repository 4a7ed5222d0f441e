"""The release that the names are of."""

VERSION = '0.0.4'
