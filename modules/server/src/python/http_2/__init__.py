"""The server http_2, on the server of `tauraro`. It speaks HTTP/1.1."""
