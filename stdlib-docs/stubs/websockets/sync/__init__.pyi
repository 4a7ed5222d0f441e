"""Clients and servers for threads."""
