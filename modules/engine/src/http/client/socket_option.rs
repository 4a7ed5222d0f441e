//! Options of sockets, as `setsockopt` takes them.

/// One call of `setsockopt`, made on every new connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOption {
    /// The protocol level, such as `SOL_SOCKET`.
    pub level: i32,
    /// The option of that level.
    pub name: i32,
    /// What it is set to.
    pub value: SocketValue,
}

/// What a socket option is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketValue {
    /// A number.
    Integer(i32),
    /// A structure, byte for byte.
    Bytes(Vec<u8>),
    /// No value, but a length: the null pointer that some options are reset with.
    Null(u32),
}
