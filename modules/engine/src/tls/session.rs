//! One TLS connection without I/O: the caller moves the bytes between it and the network.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::server::{Acceptor, ClientHello};
use rustls::{AlertDescription, ClientConfig, ClientConnection, Connection, Error, ServerConfig};

/// What chooses a server's configuration for a connection, by the client's first message.
pub trait ChooseConfig: Send + Sync {
    /// The configuration for a client that sent `hello`; nothing refuses the client.
    fn choose(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>>;
}

impl ChooseConfig for Arc<ServerConfig> {
    fn choose(&self, _hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        Some(Self::clone(self))
    }
}

enum State {
    /// A server that has not received the whole first message of its client.
    Accepting(Box<Acceptor>, Arc<dyn ChooseConfig>),
    Connected(Box<Connection>),
    /// The handshake failed before there was a connection; what is left of it is an alert.
    Refused(Vec<u8>),
}

/// A TLS connection, client or server, from its first byte to its last.
pub struct Session {
    state: State,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("handshaking", &self.is_handshaking()).finish_non_exhaustive()
    }
}

impl Session {
    /// A client's connection to the server `name`. Its first message is in the output.
    ///
    /// # Errors
    /// What rustls objects to in the configuration.
    pub fn client(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Error> {
        let mut connection = ClientConnection::new(config, name)?;
        // What is buffered is up to the caller, who takes the output after each call.
        connection.set_buffer_limit(None);
        Ok(Self { state: State::Connected(Box::new(connection.into())) })
    }

    /// A server's connection to a client, which waits for the client's first message.
    pub fn server(configs: Arc<dyn ChooseConfig>) -> Self {
        Self { state: State::Accepting(Box::default(), configs) }
    }

    /// Takes bytes from the network and appends the plain text in them to `plaintext`. Output may be due afterwards,
    /// also after an error: an alert for the peer.
    ///
    /// # Errors
    /// What ends the connection. Plain text before that was appended.
    pub fn receive(&mut self, mut data: &[u8], plaintext: &mut Vec<u8>) -> Result<(), Error> {
        while !data.is_empty() {
            let before = data.len();
            match &mut self.state {
                State::Accepting(acceptor, configs) => {
                    acceptor.read_tls(&mut data).map_err(|error| Error::General(error.to_string()))?;
                    let configs = Arc::clone(configs);
                    self.accept(&*configs)?;
                }
                State::Connected(connection) => {
                    let read = connection.read_tls(&mut data);
                    let progress = connection.process_new_packets();
                    read_all(connection, plaintext);
                    progress?;
                    read.map_err(|error| Error::General(error.to_string()))?;
                }
                State::Refused(_) => return Ok(()),
            }
            if data.len() == before {
                // Anything after `close_notify` is ignored (RFC 8446, section 6.1).
                return Ok(());
            }
        }
        Ok(())
    }

    fn accept(&mut self, configs: &dyn ChooseConfig) -> Result<(), Error> {
        let State::Accepting(acceptor, _) = &mut self.state else { return Ok(()) };
        let refused = |error: Error, mut alert: rustls::server::AcceptedAlert| {
            let mut bytes = Vec::new();
            // Writing to a Vec cannot fail.
            let _ = alert.write_all(&mut bytes);
            (error, bytes)
        };
        let outcome = match acceptor.accept() {
            Ok(None) => return Ok(()),
            Ok(Some(accepted)) => {
                if let Some(config) = configs.choose(&accepted.client_hello()) {
                    accepted.into_connection(config).map_err(|(error, alert)| refused(error, alert))
                } else {
                    // A fatal `unrecognized_name` in a record of TLS 1.2 (RFC 6066, section 3).
                    let alert = vec![21, 3, 3, 0, 2, 2, u8::from(AlertDescription::UnrecognisedName)];
                    Err((Error::General("no configuration for the client".to_owned()), alert))
                }
            }
            Err((error, alert)) => Err(refused(error, alert)),
        };
        match outcome {
            Ok(mut connection) => {
                connection.set_buffer_limit(None);
                self.state = State::Connected(Box::new(connection.into()));
                let State::Connected(connection) = &mut self.state else { return Ok(()) };
                connection.process_new_packets().map(drop)
            }
            Err((error, alert)) => {
                self.state = State::Refused(alert);
                Err(error)
            }
        }
    }

    /// Encrypts plain text, to be taken by [`take_output`](Self::take_output). Before the end of the handshake it is kept
    /// until then.
    pub fn send(&mut self, plaintext: &[u8]) {
        if let State::Connected(connection) = &mut self.state {
            // Without a limit the buffer takes everything.
            let _ = connection.writer().write_all(plaintext);
        }
    }

    /// Ends the sending direction with a `close_notify` alert.
    pub fn send_close_notify(&mut self) {
        if let State::Connected(connection) = &mut self.state {
            connection.send_close_notify();
        }
    }

    /// Appends the bytes that are due for the network to `output`.
    pub fn take_output(&mut self, output: &mut Vec<u8>) {
        match &mut self.state {
            State::Accepting(..) => {}
            State::Connected(connection) => {
                while connection.wants_write() {
                    // Writing to a Vec cannot fail.
                    if !matches!(connection.write_tls(output), Ok(1..)) {
                        break;
                    }
                }
            }
            State::Refused(alert) => output.append(alert),
        }
    }

    /// Whether plain text cannot be sent or received yet.
    pub fn is_handshaking(&self) -> bool {
        match &self.state {
            State::Accepting(..) => true,
            State::Connected(connection) => connection.is_handshaking(),
            State::Refused(_) => false,
        }
    }

    /// Whether the peer has sent its `close_notify`: it sends no more.
    pub fn is_closed_by_peer(&mut self) -> bool {
        match &mut self.state {
            State::Connected(connection) => {
                connection.process_new_packets().is_ok_and(|state| state.peer_has_closed())
            }
            State::Accepting(..) | State::Refused(_) => false,
        }
    }

    /// The connection, once the client's first message has arrived: what was negotiated, and with whom.
    pub fn connection(&self) -> Option<&Connection> {
        match &self.state {
            State::Connected(connection) => Some(connection),
            State::Accepting(..) | State::Refused(_) => None,
        }
    }
}

/// Takes all plain text out of a connection.
fn read_all(connection: &mut Connection, plaintext: &mut Vec<u8>) {
    let mut reader = connection.reader();
    // It fails when there is nothing left, which is known by then, or at the end of the stream.
    while let Ok(available) = io::BufRead::fill_buf(&mut reader) {
        let count = available.len();
        if count == 0 {
            break;
        }
        plaintext.extend_from_slice(available);
        io::BufRead::consume(&mut reader, count);
    }
}
