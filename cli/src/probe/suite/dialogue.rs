//! A raw dialogue: any octets out, whole replies in.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ehlo::reply::{Enhanced, ReplyLine};
use ehlo::sasl::client::Channel;
use ehlo_std::client::{Direction, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::probe::mask::visible;
use crate::probe::transcript::Wire;
use crate::probe::way::Way;

/// How long nothing has to come to be called silence.
const SILENCE: Duration = Duration::from_millis(300);
/// A reply larger than this is none.
const LARGEST: usize = 1 << 20;

/// A reply.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) enhanced: Option<String>,
    /// What stands behind the codes, fit to be shown.
    pub(crate) lines: Vec<String>,
    /// What stands behind the code of the last line, as it came.
    pub(crate) last: Vec<u8>,
}

impl Reply {
    /// In one line.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" / ")).trim_end().to_owned()
    }

    /// What a 334 says.
    pub(crate) fn challenge(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.last).ok()
    }
}

/// What came in place of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is closed.
    Closed,
    /// Nothing in time.
    TimedOut,
    /// A line that is no reply line.
    NoReply(String),
}

/// What came, in one line.
pub(crate) fn came(reply: &Result<Reply, Trouble>) -> String {
    match reply {
        Ok(reply) => reply.text(),
        Err(Trouble::Closed) => "the connection was closed".into(),
        Err(Trouble::TimedOut) => "nothing in time".into(),
        Err(Trouble::NoReply(line)) => format!("a line that is no reply: {line}"),
    }
}

/// A connection, with what has come over it and was not read.
#[derive(Debug)]
pub(crate) struct Dialogue {
    transport: Transport,
    received: Vec<u8>,
    wire: Wire,
    patience: Duration,
}

impl Dialogue {
    pub(crate) fn new(transport: Transport, wire: Wire, patience: Duration) -> Self {
        Self { transport, received: Vec::new(), wire, patience }
    }

    /// What protects this very connection.
    pub(crate) fn channel(&self, host: &str) -> Channel {
        match self.transport.tls() {
            None => Channel::clear(host),
            Some(facts) => Channel::tls(host, facts.verified_host()),
        }
    }

    /// A text as it may be shown.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.wire.redact(text)
    }

    /// Sends octets.
    pub(crate) async fn send(&mut self, octets: &[u8]) -> Result<(), Trouble> {
        let sending = async {
            self.transport.write_all(octets).await?;
            self.transport.flush().await
        };
        match timeout(self.patience, sending).await {
            Ok(Ok(())) => {
                self.wire.said(Direction::Out, octets);
                Ok(())
            }
            Ok(Err(_)) => Err(Trouble::Closed),
            Err(_) => Err(Trouble::TimedOut),
        }
    }

    /// Reads a whole reply.
    pub(crate) async fn reply(&mut self) -> Result<Reply, Trouble> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            let shown = self.wire.redact(&visible(&String::from_utf8_lossy(&line)));
            let Ok(read) = ReplyLine::parse(&line) else { return Err(Trouble::NoReply(shown)) };
            lines.push(shown.get(4..).unwrap_or_default().to_owned());
            if read.is_last() {
                let text = String::from_utf8_lossy(read.text());
                let (enhanced, _) = Enhanced::split_from(&text);
                return Ok(Reply {
                    code: read.code().value(),
                    enhanced: enhanced.map(|status| status.to_string()),
                    lines,
                    last: read.text().to_vec(),
                });
            }
        }
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        if !self.received.is_empty() {
            return false;
        }
        match timeout(SILENCE, self.fill()).await {
            Err(_) => true,
            // Who closes the connection says nothing either.
            Ok(filled) => filled.is_err(),
        }
    }

    /// The same connection under TLS; what came before is kept.
    pub(crate) async fn secure(self, way: &Way) -> Result<Self, String> {
        let transport = way.secure(self.transport).await.map_err(|error| error.to_string())?;
        Ok(Self { transport, ..self })
    }

    /// Sends octets that are no lines, and reads until there are so many, or the connection is closed. They are not
    /// written down.
    pub(crate) async fn exchange(mut self, octets: &[u8], least: usize) -> Vec<u8> {
        let exchange = async {
            self.transport.write_all(octets).await?;
            self.transport.flush().await?;
            let mut space = [0; 1024];
            while self.received.len() < least {
                match self.transport.read(&mut space).await? {
                    0 => break,
                    n => self.received.extend_from_slice(space.get(..n).unwrap_or(&[])),
                }
            }
            Ok::<_, std::io::Error>(())
        };
        // What came before it broke off, or took too long, is the answer.
        let _ = timeout(self.patience, exchange).await;
        self.received
    }

    /// The next line without its end.
    async fn line(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            if let Some(end) = self.received.iter().position(|octet| *octet == b'\n') {
                let mut line: Vec<u8> = self.received.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.received.len() > LARGEST {
                return Err(Trouble::NoReply("a line without an end".into()));
            }
            match timeout(self.patience, self.fill()).await {
                Ok(filled) => filled?,
                Err(_) => return Err(Trouble::TimedOut),
            }
        }
    }

    async fn fill(&mut self) -> Result<(), Trouble> {
        let mut space = [0; 4096];
        match self.transport.read(&mut space).await {
            Ok(0) | Err(_) => Err(Trouble::Closed),
            Ok(n) => {
                let octets = space.get(..n).unwrap_or(&[]);
                self.wire.said(Direction::In, octets);
                self.received.extend_from_slice(octets);
                Ok(())
            }
        }
    }
}
