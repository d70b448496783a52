//! Templates: what a script says to be sent, and how that is shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ehlo::sasl::Mechanism;
use ehlo::sasl::client::{Credentials, Exchange, Step};

use crate::probe::mask::visible;

/// What fills a template in.
#[derive(Debug)]
pub(crate) struct Filling<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) token: &'a str,
    pub(crate) hello: &'a str,
    pub(crate) sender: &'a str,
    pub(crate) challenge: Option<&'a [u8]>,
    pub(crate) first_challenge: Option<&'a [u8]>,
}

/// The octets.
pub(crate) fn filled(template: &str, with: &Filling<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("<<") {
        octets.extend(plain(before, with));
        let (inside, behind) = behind.split_once(">>").unwrap_or((behind, ""));
        octets.extend(STANDARD.encode(plain(inside, with)).into_bytes());
        rest = behind;
    }
    octets.extend(plain(rest, with));
    octets
}

/// Whether what is filled in is a secret, or made of one.
pub(crate) fn has_secret(template: &str) -> bool {
    ["{password}", "{token}", "{cram"].iter().any(|name| template.contains(name))
}

/// As it may be shown: nothing is filled in.
pub(crate) fn shown(template: &str) -> String {
    visible(&template.replace("<<", "base64(").replace(">>", ")"))
}

/// Without base64.
fn plain(text: &str, with: &Filling<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        octets.extend_from_slice(before.as_bytes());
        let (name, behind) = behind.split_once('}').unwrap_or((behind, ""));
        octets.extend(one(name, with));
        rest = behind;
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

fn one(name: &str, with: &Filling<'_>) -> Vec<u8> {
    if let Some((what, times)) = name.split_once('*') {
        return what.repeat(times.parse().unwrap_or(0)).into_bytes();
    }
    if let Some(digits) = name.strip_prefix("hex:") {
        return u8::from_str_radix(digits, 16).into_iter().collect();
    }
    let text = match name {
        "user" => with.user,
        "password" => with.password,
        "token" => with.token,
        "hello" => with.hello,
        "sender" => with.sender,
        "cram" => return cram(with, with.challenge),
        "cram:upper" => return upper(cram(with, with.challenge)),
        "cram:first" => return cram(with, with.first_challenge),
        _ => "",
    };
    text.as_bytes().to_vec()
}

/// The right answer to a challenge of CRAM-MD5.
fn cram(with: &Filling<'_>, challenge: Option<&[u8]>) -> Vec<u8> {
    let credentials = Credentials::password(with.user, with.password);
    let mut out = [0; 1024];
    let Ok(mut exchange) = Exchange::new(Mechanism::CramMd5, credentials) else {
        return Vec::new();
    };
    match exchange.step(Some(challenge.unwrap_or_default()), &mut out) {
        Ok(Step::Respond(length)) => out.get(..length).unwrap_or(&[]).to_vec(),
        _ => Vec::new(),
    }
}

/// The digest in upper case, the name as it is.
fn upper(mut answer: Vec<u8>) -> Vec<u8> {
    let digest = answer.iter().rposition(|octet| *octet == b' ').unwrap_or(0);
    if let Some(digest) = answer.get_mut(digest..) {
        digest.make_ascii_uppercase();
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILLING: Filling<'_> = Filling {
        user: "tim",
        password: "tanstaaftanstaaf",
        token: "t",
        hello: "",
        sender: "",
        challenge: Some(b"<1896.697170952@postoffice.reston.mci.net>"),
        first_challenge: None,
    };

    #[test]
    fn a_template_is_filled_in_and_shown_without_it() {
        let template = "AUTH PLAIN <<\0{user}\0{password}>>";
        assert_eq!(filled(template, &FILLING), b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert_eq!(shown(template), "AUTH PLAIN base64(\\0{user}\\0{password})");
        assert_eq!(filled("{ab*3}{hex:ff}", &FILLING), b"ababab\xff");
    }

    #[test]
    fn a_challenge_of_cram_md5_is_answered() {
        let answer = b"tim b913a602c7eda7a495b4e6e7334d3890";
        assert_eq!(filled("{cram}", &FILLING), answer);
        assert!(
            filled("{cram:upper}", &FILLING).ends_with(b"tim B913A602C7EDA7A495B4E6E7334D3890")
        );
    }
}
