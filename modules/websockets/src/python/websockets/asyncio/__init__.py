"""WebSocket clients and servers for asyncio."""
