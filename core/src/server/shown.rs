//! What of a client's line may be shown in a log.

use super::config::Config;
use super::machine::State;
use super::state::Phase;
use crate::command::Verb;
use crate::sasl::Mechanism;

/// What of a line may be shown: everything, unless it is or has a SASL response.
pub(super) fn shown_of<'a>(config: &Config<'_>, state: &State, line: &'a [u8]) -> (&'a [u8], bool) {
    if state.phase() == Phase::Exchange {
        return if line == b"*" { (line, false) } else { (&[], true) };
    }
    match Verb::split_from(line.trim_ascii_end()) {
        Some((Verb::Auth, rest)) => {
            let argument = rest.trim_ascii_start();
            let word = argument.split(|c| !c.is_ascii_graphic()).next().unwrap_or(&[]);
            // What is no name of a mechanism may be a response whose mechanism was left out.
            let name = if names_mechanism(config, word) { word.len() } else { 0 };
            let shown = line.len().saturating_sub(argument.len()).saturating_add(name);
            let with_space = line.get(..shown.saturating_add(1));
            let shown = line.get(..shown).unwrap_or(&[]);
            match argument.get(name..).and_then(<[u8]>::first) {
                Some(b' ') if name > 0 => (with_space.unwrap_or(shown), true),
                behind => (shown, behind.is_some()),
            }
        }
        // A mistyped AUTH may still have a password behind it.
        None if line.len() > 4 => (line.get(..4).unwrap_or(&[]), true),
        _ => (line, false),
    }
}

/// Whether a word is a mechanism on offer, in any case, or looks like the registered name of one.
fn names_mechanism(config: &Config<'_>, word: &[u8]) -> bool {
    let upper = |c: &u8| matches!(c, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
    let offered = |m: &Mechanism| m.name().as_bytes().eq_ignore_ascii_case(word);
    config.mechanisms.iter().any(offered) || (word.len() <= 20 && word.iter().all(upper))
}
