//! A server that says what it is told to say.

use core::net::SocketAddr;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

/// Replies to the last line of a connection, out of all of them. The greeting is the reply to none. An empty reply is
/// none, and `None` closes the connection.
pub(super) type Script = dyn Fn(&[String]) -> Option<String> + Send + Sync;

/// Serves for ever, each connection in a thread. Line ends are the script's own care, but for the last one.
pub(super) fn serve(
    script: impl Fn(&[String]) -> Option<String> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script: Arc<Script> = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let script = Arc::clone(&script);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut lines = Vec::new();
                while let Some(reply) = script(&lines) {
                    let end = if reply.is_empty() { "" } else { "\r\n" };
                    if stream.write_all(format!("{reply}{end}").as_bytes()).is_err() {
                        return;
                    }
                    let mut line = String::new();
                    if !matches!(reader.read_line(&mut line), Ok(n) if n > 0) {
                        return;
                    }
                    lines.push(line.trim_end().to_owned());
                }
            });
        }
    });
    address
}

/// The replies of a plain server without TLS, which offers these.
pub(super) fn usual(lines: &[String], offer: &str) -> Option<String> {
    let Some(last) = lines.last() else { return Some("220 odd.example ESMTP".into()) };
    let verb = last.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    if lines.iter().rev().nth(1).is_some_and(|line| line == "QUIT") {
        return None;
    }
    Some(match verb.as_str() {
        "EHLO" | "LHLO" => {
            let lines: Vec<&str> = core::iter::once("odd.example").chain(offer.lines()).collect();
            let (last, first) = lines.split_last().unwrap();
            let first: String = first.iter().map(|line| format!("250-{line}\r\n")).collect();
            format!("{first}250 {last}")
        }
        "QUIT" => "221 bye".into(),
        "NOOP" | "RSET" => "250 ok".into(),
        _ => "500 what?".into(),
    })
}
