"""The HTTP framework SockHTTP, on the server of `tauraro`."""
