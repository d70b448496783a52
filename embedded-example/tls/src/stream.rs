//! The encrypted stream.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use embedded_io_async::{Error as _, ErrorType, Read, Write};
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus,
};

use crate::TlsError;

/// The octets of the largest record that is sent, header and all.
pub(crate) const RECORD: usize = 2048;

/// Room for what is received: as much as small records take, and the whole of a larger one.
const INCOMING_LEAST: usize = 1024;
/// The octets in front of a record: its type, a version, its length.
const HEADER: usize = 5;
/// The largest record there is (RFC 8446 section 5.2), and room for messages of a handshake in several.
const INCOMING_MOST: usize = 18 * 1024;

/// A stream over a socket `S`, encrypted by a connection `C` of rustls.
///
/// It has buffers on the heap, for one record of the other side at a time: while it comes, and until it is
/// read. They are as large as that record, which is 16 KiB at most; three times as much while it is decrypted.
///
/// # Cancel safety
///
/// As that of the socket: what was dropped can be called again, and no octet is lost or sent twice. What
/// [`write`](Write::write) took leaves at the next call of any method; [`flush`](Write::flush) waits for it.
pub struct TlsStream<S, C> {
    socket: S,
    /// On the heap, where TLS has its memory: it is large, and futures are moved.
    connection: Box<C>,
    incoming: Vec<u8>,
    /// How much of `incoming` was received.
    received: usize,
    outgoing: Vec<u8>,
    /// How much of `outgoing` has left.
    sent: usize,
    plain: Vec<u8>,
    /// How much of `plain` was read.
    read: usize,
    ended: bool,
    failed: Option<TlsError>,
}

impl<S, C> fmt::Debug for TlsStream<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// A side of a connection. Implemented for the two that rustls has.
pub trait Side {
    /// What rustls keeps for this side.
    type Data;

    /// Looks at what was received.
    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data>;

    /// Whether there is something to be sent, which [`process`](Self::process) gives before it looks at
    /// anything.
    fn has_to_write(&self) -> bool;
}

impl Side for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn has_to_write(&self) -> bool {
        self.wants_write()
    }
}

impl Side for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn has_to_write(&self) -> bool {
        self.wants_write()
    }
}

/// What is to be encrypted once that is possible.
#[derive(Clone, Copy)]
enum Send<'a> {
    Nothing,
    Octets(&'a [u8]),
    CloseNotify,
}

/// Where a connection stands when all that was received has been looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// In the handshake, and it needs more.
    InHandshake,
    /// Open: what was to be encrypted is.
    Open,
    Closed,
}

impl<S: Read + Write, C: Side> TlsStream<S, C> {
    pub(crate) fn new(socket: S, connection: Box<C>) -> Self {
        Self {
            socket,
            connection,
            incoming: Vec::new(),
            received: 0,
            outgoing: Vec::new(),
            sent: 0,
            plain: Vec::new(),
            read: 0,
            ended: false,
            failed: None,
        }
    }

    pub(crate) async fn handshake(&mut self) -> Result<(), TlsError> {
        loop {
            let stands = self.advance(Send::Nothing);
            // Also when it failed: then there is an alert that says why.
            let sent = self.flush().await;
            match stands? {
                Stands::InHandshake => {}
                Stands::Open => return sent,
                Stands::Closed => return Err(TlsError::Truncated),
            }
            sent?;
            self.receive().await?;
        }
    }

    /// Says that nothing more will be sent (RFC 8446 section 6.1), and gives the socket back.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub async fn close(mut self) -> Result<S, TlsError> {
        self.advance(Send::CloseNotify)?;
        self.flush().await?;
        Ok(self.socket)
    }

    /// Looks at what was received, and encrypts what is to be sent when the connection is open.
    fn advance(&mut self, send: Send<'_>) -> Result<Stands, TlsError> {
        // Once it has failed, rustls is not to be called again.
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            let (incoming, _) = self.incoming.split_at_mut(self.received);
            let UnbufferedStatus { mut discard, state, .. } = self.connection.process(incoming);
            let mut stands = None;
            let result = match state {
                Ok(ConnectionState::EncodeTlsData(mut record)) => {
                    append(&mut self.outgoing, |to| encode(&mut record, to))
                }
                // It is in `outgoing`, and leaves before anything else does.
                Ok(ConnectionState::TransmitTlsData(sent)) => {
                    sent.done();
                    Ok(())
                }
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    // One record at a time, where nothing else is to be done.
                    stands = matches!(send, Send::Nothing).then_some(Stands::Open);
                    let mut result = Ok(());
                    while let Some(record) = traffic.next_record() {
                        match record {
                            Ok(record) => {
                                discard += record.discard;
                                self.plain.reserve_exact(record.payload.len());
                                self.plain.extend_from_slice(record.payload);
                            }
                            Err(error) => result = Err(error.into()),
                        }
                    }
                    result
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    stands = Some(Stands::Open);
                    append(&mut self.outgoing, |to| {
                        let encrypted = match send {
                            Send::Nothing => return Ok(0),
                            Send::Octets(octets) => traffic.encrypt(octets, to),
                            Send::CloseNotify => traffic.queue_close_notify(to),
                        };
                        match encrypted {
                            Ok(n) => Ok(n),
                            Err(EncryptError::InsufficientSize(size)) => {
                                Err(Some(size.required_size))
                            }
                            Err(EncryptError::EncryptExhausted) => Err(None),
                        }
                    })
                }
                Ok(ConnectionState::BlockedHandshake) => {
                    stands = Some(Stands::InHandshake);
                    Ok(())
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.ended = true;
                    Ok(())
                }
                Ok(ConnectionState::Closed) => {
                    stands = Some(Stands::Closed);
                    Ok(())
                }
                // Early data is not asked for.
                Ok(_) => Err(rustls::Error::General("a state that is not known".into()).into()),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = result {
                self.encode_alert();
                self.failed = Some(error.clone());
                return Err(error);
            }
            self.discard(discard);
            if let Some(stands) = stands {
                return Ok(stands);
            }
        }
    }

    /// Takes what rustls has to say about an error: an alert, and what was to be said before it.
    ///
    /// It is asked for that and nothing else: it doesn't look at what was received a second time.
    fn encode_alert(&mut self) {
        while self.connection.has_to_write() {
            let (incoming, _) = self.incoming.split_at_mut(self.received);
            let UnbufferedStatus { state, .. } = self.connection.process(incoming);
            let Ok(ConnectionState::EncodeTlsData(mut alert)) = state else { return };
            if append(&mut self.outgoing, |to| encode(&mut alert, to)).is_err() {
                return;
            }
        }
    }

    /// Drops what was dealt with off the front of what was received, and gives back room that was for a
    /// large record.
    fn discard(&mut self, octets: usize) {
        let octets = octets.min(self.received);
        self.incoming.copy_within(octets..self.received, 0);
        self.received -= octets;
        if octets > 0 && self.received <= INCOMING_LEAST && self.incoming.len() > INCOMING_LEAST {
            self.incoming.truncate(self.received);
            self.incoming.shrink_to_fit();
        }
    }

    /// Receives something: no more than the rest of a large record, since the next one has no room yet.
    async fn receive(&mut self) -> Result<(), TlsError> {
        let end = self.end_of_record().max(INCOMING_LEAST);
        if end > INCOMING_MOST {
            return Err(TlsError::TooLarge);
        }
        if end > self.incoming.len() {
            self.incoming.reserve_exact(end - self.incoming.len());
            self.incoming.resize(end, 0);
        }
        let (_, room) = self.incoming.split_at_mut(self.received);
        match self.socket.read(room).await.map_err(|error| TlsError::Socket(error.kind()))? {
            0 => Err(TlsError::Truncated),
            n => {
                self.received += n;
                Ok(())
            }
        }
    }

    /// Where the record ends that has begun to come, or the header of the next one.
    fn end_of_record(&self) -> usize {
        let mut end = 0;
        while end <= self.received {
            let header = self.incoming.get(end..self.received).and_then(<[u8]>::first_chunk);
            let Some([_, _, _, high, low]) = header else { return end + HEADER };
            end += HEADER + usize::from(u16::from_be_bytes([*high, *low]));
        }
        end
    }

    /// Gives all that is encrypted to the socket.
    async fn drain(&mut self) -> Result<(), TlsError> {
        while let Some(octets) = self.outgoing.get(self.sent..).filter(|octets| !octets.is_empty())
        {
            let socket = self.socket.write(octets).await;
            match socket.map_err(|error| TlsError::Socket(error.kind()))? {
                0 => return Err(TlsError::Truncated),
                n => self.sent += n,
            }
        }
        self.outgoing.clear();
        self.sent = 0;
        Ok(())
    }
}

/// A record as a closure for [`append`] gives it.
fn encode<D>(record: &mut EncodeTlsData<'_, D>, to: &mut [u8]) -> Result<usize, Option<usize>> {
    match record.encode(to) {
        Ok(n) => Ok(n),
        Err(EncodeError::InsufficientSize(size)) => Err(Some(size.required_size)),
        Err(EncodeError::AlreadyEncoded) => Err(None),
    }
}

/// Appends what a closure writes. It is called again with more room when it says how much it needs.
fn append(
    to: &mut Vec<u8>,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<usize>>,
) -> Result<(), TlsError> {
    let before = to.len();
    let mut room = 0;
    loop {
        to.resize(before + room, 0);
        match write(to.split_at_mut(before).1) {
            Ok(n) => {
                to.truncate(before + n);
                return Ok(());
            }
            Err(Some(required)) if required > room => room = required,
            Err(_) => {
                to.truncate(before);
                return Err(rustls::Error::EncryptError.into());
            }
        }
    }
}

impl<S, C> ErrorType for TlsStream<S, C> {
    type Error = TlsError;
}

impl<S: Read + Write, C: Side> Read for TlsStream<S, C> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, TlsError> {
        if to.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(plain) = self.plain.get(self.read..).filter(|plain| !plain.is_empty()) {
                let n = plain.len().min(to.len());
                to.iter_mut().zip(plain).for_each(|(to, from)| *to = *from);
                self.read += n;
                return Ok(n);
            }
            self.plain = Vec::new();
            self.read = 0;
            if self.ended {
                return Ok(0);
            }
            let stands = self.advance(Send::Nothing);
            self.drain().await?;
            stands?;
            if self.plain.is_empty() && !self.ended {
                self.receive().await?;
            }
        }
    }
}

impl<S: Read + Write, C: Side> Write for TlsStream<S, C> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, TlsError> {
        self.drain().await?;
        // Nothing is waited for from here on: what is encrypted counts as written.
        let (now, _) = octets.split_at(octets.len().min(RECORD));
        match self.advance(Send::Octets(now))? {
            Stands::Open => Ok(now.len()),
            Stands::InHandshake | Stands::Closed => Err(TlsError::Truncated),
        }
    }

    async fn flush(&mut self) -> Result<(), TlsError> {
        self.drain().await?;
        self.socket.flush().await.map_err(|error| TlsError::Socket(error.kind()))
    }
}
