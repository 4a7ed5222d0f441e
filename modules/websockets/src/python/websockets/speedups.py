"""What upstream has in C. Here everything of that kind is native."""

from _websockets_handshake import apply_mask

__all__ = ["apply_mask"]
