//! Connections there is no room for: told so at once, without a task or a buffer that lasts.

use ehlo::io::Io;
use ehlo::reply::Refusal;
use ehlo::server::{Config, Connection, Event};
use tokio::net::TcpStream;

/// Says no in place of a greeting. Under TLS there is nobody yet who could hear it.
pub(super) fn turn_away(config: &Config<'_>, stream: &TcpStream, tls: bool) {
    if tls {
        return;
    }
    let mut connection = Connection::new(config, [0; 0], [0; 512], [0; 16]);
    if let Some(Event::Connected(connected)) = connection.event() {
        connected.refuse(&Refusal::transient("4.7.0 too many connections, try again later"));
    }
    if let Some(Io::Write(write)) = connection.poll_io() {
        // Nothing was written before, so it fits the socket's buffer; if not, there is no time.
        let _ = stream.try_write(write.bytes());
    }
}
