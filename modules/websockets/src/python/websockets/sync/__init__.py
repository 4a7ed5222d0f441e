"""WebSocket clients and servers for threads."""
