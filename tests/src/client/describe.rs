//! Events as a dialogue shows them.

use ehlo::client::guard::{Content, Reply};
use ehlo::client::submission::Event as Journey;
use ehlo::client::{Event, To};

use super::{Party, Told};
use crate::text::escape;

impl Told<'_> {
    /// An event with all it lends.
    ///
    /// # Panics
    /// When the event is one this doesn't know.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Connection(Event::Reply(told)) | Self::Submission(Journey::Reply(told)) => {
                reply(told)
            }
            Self::Connection(Event::Ready(_)) => "Ready".to_owned(),
            Self::Connection(Event::Challenge(challenge)) => match challenge.text() {
                Some([]) => "Challenge".to_owned(),
                Some(text) => format!("Challenge {}", escape(text)),
                None => "Challenge that is no base64".to_owned(),
            },
            Self::Connection(Event::Content(told)) | Self::Submission(Journey::Content(told)) => {
                content(told)
            }
            Self::Connection(Event::Upgrade(_)) | Self::Submission(Journey::Upgrade(_)) => {
                "Upgrade".to_owned()
            }
            Self::Connection(Event::Closed(why)) | Self::Submission(Journey::Closed(why)) => {
                assert!(!why.to_string().is_empty());
                format!("Closed {why:?}")
            }
            Self::Submission(Journey::Next(_)) => "Next".to_owned(),
            Self::Submission(Journey::Recipient(recipient)) => {
                format!("Recipient {}", recipient.index())
            }
            Self::Submission(Journey::TokenRefused(refused)) => match refused.reason() {
                [] => "TokenRefused".to_owned(),
                reason => format!("TokenRefused {}", escape(reason)),
            },
            Self::Submission(Journey::Exchange(told)) => {
                let (name, index) = (told.mechanism().name(), told.index());
                match told.challenge() {
                    None => format!("Exchange {name} {index} before a challenge"),
                    Some([]) => format!("Exchange {name} {index}"),
                    Some(text) => format!("Exchange {name} {index} {}", escape(text)),
                }
            }
            Self::Submission(Journey::Failed(failed)) => {
                assert!(!failed.reason().to_string().is_empty());
                format!("Failed {:?}", failed.reason())
            }
            other => panic!("an event no dialogue knows: {other:?}"),
        }
    }
}

fn reply(told: &Reply<'_>) -> String {
    let received = told.received();
    let code = received.code();
    // Nothing but the code decides.
    assert_eq!(told.is_positive(), code.is_positive() || code.class() == 3, "{told:?}");
    match told.to() {
        to @ (To::Rcpt | To::Message) => format!("Reply {to:?} {}: {received}", told.index()),
        to => format!("Reply {to:?}: {received}"),
    }
}

fn content(told: &Content<'_>) -> String {
    match told.remaining() {
        Some(octets) => format!("Content {octets}"),
        None => "Content".to_owned(),
    }
}

/// What is known of a connection, as an `F:` line has it.
pub(super) fn facts(party: &Party<'_>) -> String {
    let offered = party.capabilities();
    let mut words = vec![format!("{:?}", party.channel())];
    if party.is_authenticated() {
        words.push("authenticated".to_owned());
    }
    words.extend(offered.extensions().keywords().map(str::to_owned));
    if offered.has_auth() {
        words.push(format!("AUTH={}", offered.mechanisms().to_string().replace(' ', ",")));
    }
    let numbers = [
        ("SIZE", offered.max_message()),
        ("RCPTMAX", offered.max_recipients().map(u64::from)),
        ("MAILMAX", offered.max_transactions().map(u64::from)),
    ];
    words.extend(numbers.iter().filter_map(|(name, n)| n.map(|n| format!("{name}={n}"))));
    words.join(" ")
}
