"""JSON as it is sent."""

import json


def dumps(value):
    """Return `value` as JSON, without spaces. Raise `ValueError` for NaN and infinities, which JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
