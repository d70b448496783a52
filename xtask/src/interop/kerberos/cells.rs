//! What has come of GSSAPI with each peer, for the tables of `docs/MECHANISMS.md`.

use super::super::matrix::{self, Cell, Direction, Verdict};
use super::Check;

/// The peers by their names here, and by those of the tables.
const PEERS: [(Direction, &str, &str); 5] = [
    (Direction::Clients, "curl", "curl"),
    (Direction::Clients, "gsasl", "gsasl"),
    (Direction::Clients, "msmtp", "msmtp"),
    (Direction::Servers, "to Postfix, Cyrus SASL", "postfix-cyrus"),
    (Direction::Servers, "to Dovecot submission", "dovecot-submission"),
];

/// The check that stands for every client: what is refused is the token, whoever has sent it first.
const AGAIN: &str = "the same token again";

/// A cell for each peer that was run.
pub(super) fn cells(checks: &[Check]) -> Vec<Cell> {
    let again = checks.iter().any(|check| check.column == AGAIN && check.failure.is_none());
    let cell = |(direction, here, peer): (Direction, &str, &'static str)| {
        let mut of_peer = checks.iter().filter(|check| check.peer == here).peekable();
        of_peer.peek()?;
        let verdict = if of_peer.all(|check| check.failure.is_none()) {
            let replayed = again && direction == Direction::Clients;
            Verdict::Works(matrix::letters(&[(matrix::WRONG, true), (matrix::REPLAYED, replayed)]))
        } else {
            Verdict::Failed
        };
        Some(Cell { direction, mechanism: "GSSAPI", peer, verdict })
    };
    PEERS.into_iter().filter_map(cell).collect()
}
