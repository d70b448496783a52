//! What is noted with a message of how it came.

use ehlo_std::server::SessionInfo;
use ehlo_std::store::{Envelope, TlsClause, Trace};

use super::auth::Identity;

/// Parameters of MAIL and RCPT that ask for something nobody here does: they are noted.
const NOTED: [&str; 9] =
    ["BY", "HOLDFOR", "HOLDUNTIL", "MT-PRIORITY", "REQUIRETLS", "RET", "ENVID", "NOTIFY", "ORCPT"];

/// The envelope of the message that comes now.
pub(crate) fn envelope_of(session: &SessionInfo<Identity>, hostname: &str) -> Envelope {
    let Some(transaction) = session.envelope() else { return Envelope::default() };
    let recipients = transaction.recipients();
    let paths = recipients.iter().map(|recipient| recipient.forward_path());
    let mut envelope = Envelope::new(transaction.reverse_path(), paths);
    let mut comments: Vec<String> = noted(transaction.parameters()).collect();
    // Those of one recipient are not for another to see.
    if let [only] = recipients {
        comments.extend(noted(only.parameters()));
    }
    envelope.trace = Trace {
        client_name: session.client_name().to_owned(),
        client_address: Some(session.peer().ip()),
        by: hostname.to_owned(),
        protocol: session.facts().protocol(),
        tls: session.tls().map(|tls| TlsClause { version: tls.version(), cipher: tls.cipher() }),
        identity: session.identity().map(|who| who.name().to_owned()),
        comments,
        ..Trace::default()
    };
    envelope
}

/// The parameters that are to be noted, as they were given.
fn noted(parameters: &str) -> impl Iterator<Item = String> + '_ {
    let is_noted = |word: &&str| {
        let keyword = word.split_once('=').map_or(*word, |(keyword, _)| keyword);
        NOTED.iter().any(|noted| noted.eq_ignore_ascii_case(keyword))
    };
    parameters.split(' ').filter(is_noted).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_client_asks_for_is_noted() {
        let all = "SIZE=5 BODY=8BITMIME SMTPUTF8 HOLDFOR=60 mt-priority=3 REQUIRETLS";
        let noted: Vec<String> = super::noted(all).collect();
        assert_eq!(noted, ["HOLDFOR=60", "mt-priority=3", "REQUIRETLS"]);
        assert_eq!(super::noted("").count(), 0);
    }
}
