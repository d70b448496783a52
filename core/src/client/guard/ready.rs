//! Commands.

use super::guard;
use crate::address::{ForwardPath, ReversePath};
use crate::capability::Extensions as E;
use crate::client::Capabilities;
use crate::client::error::NotSent;
use crate::client::machine::Machine;
use crate::client::owed::To;
#[cfg(feature = "extensions")]
use crate::client::state::Turn;
#[cfg(feature = "extensions")]
use crate::client::transaction::Content;
use crate::client::transaction::Transaction;
use crate::parameter::{BodyType, MailParameters, RcptParameters};
use crate::sasl::Mechanism;
use crate::sasl::client::{Channel, Exchange};
use crate::wire::print::{LineWriter, Print as _, Sink as _};

/// The server waits for a command.
///
/// The commands form a group, which leaves in one write where the server offers PIPELINING. MAIL,
/// RCPT and RSET may stand anywhere in it and take `&mut self`; all others have to end it and take
/// `self` (RFC 2920 section 3.1). Drop the guard to end a group without one of those.
///
/// Without PIPELINING a group has one command. The second is then [`NotSent::Later`], as one is
/// that doesn't fit the send buffer: go on driving, and say it at the next `Ready`.
pub struct Ready<'a> {
    pub(in crate::client) machine: Machine<'a>,
}

guard!(Ready);

/// What stands behind VRFY or EXPN, in octets: a command line has 512 (RFC 5321 section 4.5.3.1.4).
const TEXT_MAX: usize = 512 - "VRFY \r\n".len();

impl Ready<'_> {
    /// What the server offers.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.machine.state.capabilities
    }

    /// What protects the way to the server.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.machine.state.channel
    }

    /// What the TLS connection is known by, for [`Credentials`](crate::sasl::client::Credentials).
    #[cfg(feature = "_scram")]
    #[must_use]
    pub fn channel_binding(&self) -> Option<crate::sasl::ChannelBinding> {
        self.machine.state.binding
    }

    /// MAIL: begins a mail transaction.
    ///
    /// SIZE and `BODY=7BIT` are left out where the server doesn't offer them, since the message goes
    /// through all the same.
    ///
    /// # Errors
    /// When a transaction is open, the message is larger than the server takes, or a parameter needs
    /// what the server doesn't offer.
    pub fn mail(
        &mut self,
        path: ReversePath<'_>,
        parameters: &MailParameters<'_>,
    ) -> Result<(), NotSent> {
        let state = &*self.machine.state;
        // One that RSET ends is no longer in the way, though the reply to it is still to come.
        if state.transaction.sent {
            return Err(NotSent::OutOfOrder);
        }
        let offered = &state.capabilities;
        if let (Some(size), Some(most)) = (parameters.size, offered.max_message())
            && size > most
        {
            return Err(NotSent::TooBig(most));
        }
        if let Some(most) = offered.max_transactions()
            && u32::from(state.transactions) >= most
        {
            return Err(NotSent::TooMany(most));
        }
        let mut parameters = *parameters;
        if !offered.has(E::SIZE) {
            parameters.size = None;
        }
        if !offered.has(E::EIGHT_BIT_MIME) && parameters.body == Some(BodyType::SevenBit) {
            parameters.body = None;
        }
        let needs = parameters.needs();
        self.needs(needs)?;
        if needs.contains(E::REQUIRETLS) && self.channel() != Channel::Tls {
            // It is offered under TLS alone, and asks for a certificate that was verified (RFC 8689
            // section 4.2.1).
            return Err(NotSent::NotOffered(E::REQUIRETLS));
        }
        if parameters.auth.is_some() && !self.capabilities().has_auth() {
            return Err(NotSent::AuthNotOffered);
        }
        if !path.as_str().is_ascii() && !parameters.smtputf8 {
            return Err(NotSent::NeedsSmtpUtf8);
        }
        self.line(To::Mail, |line| {
            line.text("MAIL FROM:<");
            line.text(path.as_str());
            line.text(">");
            parameters.print(line);
        })?;
        let binary = parameters.body == Some(BodyType::BinaryMime);
        let eight_bit = binary || parameters.body == Some(BodyType::EightBitMime);
        let state = &mut *self.machine.state;
        state.transactions = state.transactions.saturating_add(1);
        state.transaction = Transaction {
            sent: true,
            smtputf8: parameters.smtputf8,
            eight_bit,
            binary,
            ..Transaction::default()
        };
        Ok(())
    }

    /// RCPT: adds a recipient to the mail transaction.
    ///
    /// # Errors
    /// When there is no transaction, the server takes no more recipients, or a parameter needs what
    /// it doesn't offer.
    pub fn rcpt(
        &mut self,
        path: ForwardPath<'_>,
        parameters: &RcptParameters<'_>,
    ) -> Result<(), NotSent> {
        let transaction = &self.machine.state.transaction;
        if !transaction.sent || transaction.chunked {
            return Err(NotSent::OutOfOrder);
        }
        // No more are counted than fit, whatever the server takes.
        let countable = u32::from(u16::MAX);
        let most = self.capabilities().max_recipients().map_or(countable, |n| n.min(countable));
        if u32::from(transaction.recipients) >= most {
            return Err(NotSent::TooMany(most));
        }
        self.needs(parameters.needs())?;
        if !path.as_str().is_ascii() && !transaction.smtputf8 {
            return Err(NotSent::NeedsSmtpUtf8);
        }
        self.line(To::Rcpt, |line| {
            line.text("RCPT TO:<");
            line.text(path.as_str());
            line.text(">");
            parameters.print(line);
        })?;
        let transaction = &mut self.machine.state.transaction;
        transaction.recipients = transaction.recipients.saturating_add(1);
        Ok(())
    }

    /// RSET: ends the mail transaction without a message.
    ///
    /// # Errors
    /// [`NotSent::Later`].
    pub fn rset(&mut self) -> Result<(), NotSent> {
        self.line(To::Reset, |line| line.text("RSET"))?;
        self.machine.state.transaction.sent = false;
        Ok(())
    }

    /// DATA. Where a recipient was accepted, [`Content`](super::Content) follows.
    ///
    /// # Errors
    /// When there is no transaction, every recipient was refused, or the message is BINARYMIME or
    /// has begun with a chunk, and needs [`bdat`](Self::bdat).
    pub fn data(mut self) -> Result<(), NotSent> {
        self.may_send_message()?;
        let transaction = &self.machine.state.transaction;
        if transaction.binary || transaction.chunked {
            return Err(NotSent::OutOfOrder);
        }
        self.line(To::Data, |line| line.text("DATA"))
    }

    /// BDAT: a chunk of so many octets, the last one or not (RFC 3030 section 2). They are asked for
    /// right away by [`Content`](super::Content).
    ///
    /// # Errors
    /// When there is no transaction, every recipient or a chunk was refused, or the server doesn't
    /// offer CHUNKING.
    #[cfg(feature = "extensions")]
    pub fn bdat(mut self, octets: u64, last: bool) -> Result<(), NotSent> {
        self.may_send_message()?;
        if self.machine.state.transaction.chunk_refused {
            return Err(NotSent::OutOfOrder);
        }
        self.needs(E::CHUNKING)?;
        let lmtp = self.machine.config.lmtp;
        if lmtp && !self.machine.state.owed.is_empty() {
            // How many replies follow isn't known yet.
            return Err(NotSent::Later);
        }
        let to = if last { To::Message } else { To::Chunk };
        self.line(to, |line| {
            line.text("BDAT ");
            line.number(octets);
            line.text(if last { " LAST" } else { "" });
        })?;
        let state = &mut *self.machine.state;
        if lmtp && last {
            state.owed.push(To::Message, state.transaction.accepted.saturating_sub(1));
        }
        state.transaction.content = Content::Chunk(octets);
        state.transaction.chunked = true;
        state.transaction.last = last;
        state.turn(Turn::MailInput);
        Ok(())
    }

    /// AUTH, by this exchange, with an initial response where it has one that fits 512 octets. Each
    /// challenge comes as a [`Challenge`](super::Challenge), the end as a reply.
    ///
    /// # Errors
    /// When the mechanism may not be used over this channel or is not offered, the client has
    /// authenticated, or a mail transaction is open. No part of a credential has left then.
    pub fn auth(mut self, exchange: &mut Exchange<'_>) -> Result<(), NotSent> {
        self.machine.authenticate(exchange, true)
    }

    /// As [`auth`](Self::auth), without an initial response: for servers that refuse one.
    ///
    /// # Errors
    /// As [`auth`](Self::auth).
    pub fn auth_in_two_steps(mut self, exchange: &mut Exchange<'_>) -> Result<(), NotSent> {
        self.machine.authenticate(exchange, false)
    }

    /// AUTH, by a mechanism whose messages are the caller's own to make, not encoded yet: `None` is no
    /// initial response, and an empty one is not the same (RFC 4954 section 4). Each challenge comes as
    /// a [`Challenge`](super::Challenge), to be answered by
    /// [`respond_with`](super::Challenge::respond_with), the end as a reply.
    ///
    /// Whether a mechanism that this crate doesn't know is on offer is known of those that
    /// [`Rules::prefer`](crate::sasl::client::Rules::prefer) names. Such a one is taken to show a
    /// password, and needs TLS.
    ///
    /// # Errors
    /// As [`auth`](Self::auth), and [`NotSent::TooLong`] when the initial response doesn't fit a line of
    /// 512 octets: then it has to wait for the first challenge, which is empty. Nothing has left then.
    pub fn auth_with(
        mut self,
        mechanism: Mechanism,
        initial: Option<&[u8]>,
    ) -> Result<(), NotSent> {
        self.machine.authenticate_with(mechanism, initial)
    }

    /// STARTTLS (RFC 3207). Where the server agrees, [`Upgrade`](super::Upgrade) follows.
    ///
    /// # Errors
    /// When it is not offered, TLS is active, or a mail transaction is open.
    pub fn starttls(mut self) -> Result<(), NotSent> {
        self.needs(E::STARTTLS)?;
        let state = &*self.machine.state;
        if state.channel.is_tls() || state.transaction.sent || state.transaction.open {
            return Err(NotSent::OutOfOrder);
        }
        self.line(To::StartTls, |line| line.text("STARTTLS"))
    }

    /// NOOP.
    ///
    /// # Errors
    /// [`NotSent::Later`].
    pub fn noop(mut self) -> Result<(), NotSent> {
        self.line(To::Noop, |line| line.text("NOOP"))
    }

    /// VRFY: asks about a user or mailbox.
    ///
    /// # Errors
    /// When the text is empty, begins or ends with a space, holds anything but printable ASCII, or
    /// is too long for a command line.
    pub fn vrfy(self, text: &str) -> Result<(), NotSent> {
        self.with_text(To::Verify, "VRFY ", text)
    }

    /// EXPN: asks about a mailing list.
    ///
    /// # Errors
    /// When the text is empty, begins or ends with a space, holds anything but printable ASCII, or
    /// is too long for a command line.
    pub fn expn(self, text: &str) -> Result<(), NotSent> {
        self.with_text(To::Expand, "EXPN ", text)
    }

    /// HELP.
    ///
    /// # Errors
    /// [`NotSent::Later`].
    pub fn help(mut self) -> Result<(), NotSent> {
        self.line(To::Help, |line| line.text("HELP"))
    }

    /// QUIT. Whatever the reply, the connection is closed behind it.
    ///
    /// # Errors
    /// [`NotSent::Later`].
    pub fn quit(mut self) -> Result<(), NotSent> {
        self.line(To::Quit, |line| line.text("QUIT"))
    }

    fn with_text(mut self, to: To, verb: &str, text: &str) -> Result<(), NotSent> {
        let graphic = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_graphic);
        let octets = text.as_bytes();
        if !graphic(octets.first())
            || !graphic(octets.last())
            || !octets.iter().all(|octet| matches!(octet, b' '..=b'~'))
        {
            return Err(NotSent::Text);
        }
        if octets.len() > TEXT_MAX {
            return Err(NotSent::TooLong);
        }
        self.line(to, |line| {
            line.text(verb);
            line.text(text);
        })
    }

    fn needs(&self, extensions: E) -> Result<(), NotSent> {
        let offered = self.capabilities().extensions();
        let missing = extensions.without(offered);
        if missing == E::NONE { Ok(()) } else { Err(NotSent::NotOffered(missing)) }
    }

    /// Whether there is a transaction with a recipient that was not refused.
    fn may_send_message(&self) -> Result<(), NotSent> {
        let transaction = &self.machine.state.transaction;
        let unanswered = !self.machine.state.owed.is_empty();
        if transaction.sent
            && transaction.recipients > 0
            && (unanswered || transaction.accepted > 0)
        {
            Ok(())
        } else {
            Err(NotSent::OutOfOrder)
        }
    }

    /// Writes a command line, if there is room and it may go out now.
    fn line(&mut self, to: To, build: impl FnOnce(&mut LineWriter<'_>)) -> Result<(), NotSent> {
        let state = &mut *self.machine.state;
        let alone = state.owed.is_empty();
        if !alone && !state.capabilities.has(E::PIPELINING) || !state.owed.has_room_for(to) {
            return Err(NotSent::Later);
        }
        let mut line = LineWriter::new(state.outbox.free(self.machine.tx));
        build(&mut line);
        line.text("\r\n");
        match line.finish() {
            Some(written) => {
                state.outbox.appended(written, self.machine.tx);
                state.owed.push(to, 1);
                state.renew_deadline();
                Ok(())
            }
            None if alone => Err(NotSent::TooLong),
            None => Err(NotSent::Later),
        }
    }
}
