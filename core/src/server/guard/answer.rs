//! What every guard holds: the means to answer.

use crate::reply::{DefaultReply, Refusal, Reply, ReplyCode, ReplyWriter, Text};
use crate::server::config::Config;
use crate::server::content::Discard;
use crate::server::facts::Facts;
use crate::server::machine::{Aborted, Closed, State, write};

/// The connection as a guard sees it: everything but the receive buffer, which is lent out.
pub(in crate::server) struct Answer<'a> {
    pub(in crate::server) config: &'a Config<'a>,
    pub(in crate::server) state: &'a mut State,
    pub(in crate::server) tx: &'a mut [u8],
}

impl Answer<'_> {
    pub(super) fn facts(&self) -> Facts {
        self.state.facts
    }

    pub(super) fn write(&mut self, reply: &Reply<'_>) {
        write(self.config, self.state, self.tx, reply);
    }

    /// Writes a default reply, or the application's text in its place.
    pub(super) fn write_default(&mut self, default: DefaultReply, text: Option<&str>) {
        let usual = self.config.reply(default);
        let reply = match text {
            Some(text) => Reply::new(usual.code(), usual.enhanced(), Text::new(text).as_str()),
            None => usual,
        };
        self.write(&reply);
    }

    /// Writes the greeting: the hostname, and a text where there is room for it.
    pub(super) fn greet(&mut self, hostname: &str, text: &str) {
        let mut writer = ReplyWriter::new(self.state.outbox.free(self.tx), false, false);
        writer.greeting(hostname, text);
        let written = writer.written();
        self.state.outbox.appended(written, self.tx);
    }

    /// The command went well.
    pub(super) fn accept(&mut self, default: DefaultReply, text: Option<&str>) {
        self.write_default(default, text);
        self.state.counts.errors = 0;
        self.state.consume_line();
    }

    /// The command is refused; a 421 closes the connection.
    pub(super) fn refuse(
        &mut self,
        refusal: &Refusal<'_>,
        permanent: ReplyCode,
        transient: ReplyCode,
    ) {
        let reply = refusal.reply(permanent, transient);
        self.write(&reply);
        self.state.consume_line();
        self.close_after(&reply);
    }

    /// The reply leaves before anything else is done: these commands end a group (RFC 2920 section
    /// 3.2).
    pub(super) fn flush(&mut self) {
        self.state.flags.flush = true;
    }

    /// Refuses mail data that comes all the same: the rest is dropped, and the reply leaves when it
    /// has ended. A 421 closes the connection at once.
    pub(super) fn refuse_content(&mut self, refusal: &Refusal<'_>) {
        let reply = refusal.reply(ReplyCode::TRANSACTION_FAILED, ReplyCode::LOCAL_ERROR);
        if reply.code() == ReplyCode::NOT_AVAILABLE {
            self.write(&reply);
            return self.close_after(&reply);
        }
        let how = if self.config.speaks_lmtp() {
            // There may be a reply for each recipient, and only a default one can be kept.
            Discard::Reply(if refusal.is_permanent() {
                DefaultReply::MessageRefused
            } else {
                DefaultReply::MessageDeferred
            })
        } else {
            self.write(&reply);
            Discard::Held
        };
        self.state.discard(how, Aborted::Declined);
    }

    /// Closes the connection where the reply is a 421.
    pub(super) fn close_after(&mut self, reply: &Reply<'_>) {
        if reply.code() == ReplyCode::NOT_AVAILABLE {
            self.state.close(Closed::Refused);
        }
    }
}
