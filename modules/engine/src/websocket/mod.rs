//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), without I/O.
//!
//! Bytes that arrived go in, events and bytes to send come out; whoever owns the socket moves them.
