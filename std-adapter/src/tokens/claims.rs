//! What has to be said of a token, whether its issuer says so when asked (RFC 7662 section 2.2) or in the token itself
//! (RFC 7519 section 4.1): the names are the same.

use core::time::Duration;
use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::{Grant, TokenRefusal};

/// How far the clocks of two machines may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

/// What is asked of a token.
#[derive(Clone, Debug)]
pub(super) struct Requirements {
    /// Who has to have issued it.
    pub(super) issuer: Option<String>,
    /// For one of these it has to be.
    pub(super) audiences: Vec<String>,
    /// It has to have all of these.
    pub(super) scopes: Vec<String>,
    /// Where its owner's name is: the first of these claims that is there.
    pub(super) names: Vec<Cow<'static, str>>,
    /// It has to say how long it is good.
    pub(super) expires: bool,
    pub(super) leeway: Duration,
}

impl Requirements {
    pub(super) fn new(names: &[&'static str], expires: bool) -> Self {
        let names = names.iter().map(|name| Cow::Borrowed(*name)).collect();
        let (issuer, audiences, scopes) = (None, Vec::new(), Vec::new());
        Self { issuer, audiences, scopes, names, expires, leeway: LEEWAY }
    }

    /// What the claims come to at this time.
    pub(super) fn check(
        &self,
        claims: &Map<String, Value>,
        now: SystemTime,
    ) -> Result<Grant, TokenRefusal> {
        let expires = time(claims, "exp")?;
        match expires {
            Some(end) if later(end, self.leeway) <= now => {
                return Err(TokenRefusal::invalid("it has expired"));
            }
            None if self.expires => {
                return Err(TokenRefusal::invalid("it doesn't say when it expires (exp)"));
            }
            _ => {}
        }
        if time(claims, "nbf")?.is_some_and(|begin| begin > later(now, self.leeway)) {
            return Err(TokenRefusal::invalid("it isn't good yet (nbf)"));
        }
        let issuer = claims.get("iss").and_then(Value::as_str);
        if self.issuer.is_some() && self.issuer.as_deref() != issuer {
            return Err(TokenRefusal::invalid("another issuer's (iss)"));
        }
        if !self.audiences.is_empty() {
            let for_us = words(claims.get("aud"))
                .any(|audience| self.audiences.iter().any(|ours| ours == audience));
            if !for_us {
                return Err(TokenRefusal::invalid("it is for another audience (aud)"));
            }
        }
        let username = self.username(claims)?;
        let scopes = scopes(claims);
        if self.scopes.iter().any(|needed| !scopes.contains(needed)) {
            return Err(TokenRefusal::InsufficientScope { scope: self.scopes.join(" ") });
        }
        let grant = Grant::new(username).with_scopes(scopes);
        Ok(match expires {
            Some(expires) => grant.until(expires),
            None => grant,
        })
    }

    fn username<'a>(&self, claims: &'a Map<String, Value>) -> Result<&'a str, TokenRefusal> {
        let lacking = || {
            TokenRefusal::invalid(format!("it doesn't say whose it is ({})", self.names.join(", ")))
        };
        let (claim, value) = self
            .names
            .iter()
            .find_map(|name| Some((name.as_ref(), claims.get(name.as_ref())?)))
            .ok_or_else(lacking)?;
        // Anybody can write any address into his account: that it is his is another claim (OpenID Connect Core
        // section 5.1).
        if claim == "email"
            && claims.get("email_verified").is_some_and(|is| *is != Value::Bool(true))
        {
            return Err(TokenRefusal::invalid(
                "its e-mail address isn't verified (email_verified)",
            ));
        }
        value.as_str().filter(|name| !name.is_empty()).ok_or_else(lacking)
    }
}

/// A time in seconds since 1970, which may have a fraction (RFC 7519 section 2).
fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<SystemTime>, TokenRefusal> {
    let Some(value) = claims.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds.and_then(|seconds| UNIX_EPOCH.checked_add(seconds)) {
        Some(time) => Ok(Some(time)),
        None => Err(TokenRefusal::invalid(format!("{name} is no time"))),
    }
}

fn later(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}

/// A string, or several in an array.
fn words(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, several) = match value {
        Some(Value::String(one)) => (Some(one.as_str()), &[][..]),
        Some(Value::Array(several)) => (None, several.as_slice()),
        _ => (None, &[][..]),
    };
    one.into_iter().chain(several.iter().filter_map(Value::as_str))
}

/// `scope` with spaces in between (RFC 8693 section 4.2, RFC 7662 section 2.2); some issuers write `scp`, some an array.
fn scopes(claims: &Map<String, Value>) -> Vec<String> {
    let value = claims.get("scope").or_else(|| claims.get("scp"));
    words(value)
        .flat_map(|words| words.split(' '))
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn required() -> Requirements {
        Requirements {
            issuer: Some("https://id.example".to_owned()),
            audiences: vec!["mail".to_owned(), "smtp".to_owned()],
            scopes: vec!["send".to_owned(), "as".to_owned()],
            ..Requirements::new(&["upn", "sub"], true)
        }
    }

    /// The claims of a good token, and over them these; null takes one away.
    fn claims(changes: Value) -> Map<String, Value> {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "mail", "scope": "send as more", "sub": "tim", "exp": 2000.5
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = claims.as_object().unwrap().clone();
        claims.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    #[test]
    fn what_is_asked_for_is_enough() {
        let grant = required().check(&claims(json!({})), at(1000)).unwrap();
        assert_eq!(grant.username(), "tim");
        assert_eq!(grant.expires(), Some(at(2000) + Duration::from_millis(500)));
        assert_eq!(grant.scopes(), ["send", "as", "more"]);
        for changes in [
            json!({"aud": ["other", "smtp"]}),
            json!({"scope": ["send", "as"]}),
            json!({"scope": null, "scp": "as send"}),
            json!({"nbf": 1060}),
            json!({"nbf": 0}),
        ] {
            let claims = claims(changes.clone());
            assert_eq!(required().check(&claims, at(1000)).unwrap().username(), "tim", "{changes}");
        }
        let both = claims(json!({"upn": "tim@example.org"}));
        assert_eq!(required().check(&both, at(1000)).unwrap().username(), "tim@example.org");
    }

    #[test]
    fn whatever_is_missing_or_wrong_is_refused_by_its_name() {
        for (changes, words) in [
            (json!({"exp": null}), "when it expires"),
            (json!({"exp": "2000"}), "exp is no time"),
            (json!({"exp": -1}), "exp is no time"),
            (json!({"exp": 1e300}), "exp is no time"),
            (json!({"exp": 940}), "has expired"),
            (json!({"nbf": 1061}), "isn't good yet"),
            (json!({"nbf": []}), "nbf is no time"),
            (json!({"iss": null}), "another issuer"),
            (json!({"iss": "https://id.example/"}), "another issuer"),
            (json!({"iss": ["https://id.example"]}), "another issuer"),
            (json!({"aud": null}), "another audience"),
            (json!({"aud": "mail smtp"}), "another audience"),
            (json!({"aud": []}), "another audience"),
            (json!({"aud": {"mail": 1}}), "another audience"),
            (json!({"sub": null}), "whose it is (upn, sub)"),
            (json!({"sub": 7}), "whose it is"),
            (json!({"sub": ""}), "whose it is"),
            // No falling back to a claim of lesser rank.
            (json!({"upn": ""}), "whose it is"),
        ] {
            let refusal = required().check(&claims(changes.clone()), at(1000)).unwrap_err();
            assert!(refusal.to_string().contains(words), "{changes}: {refusal}");
        }
        for changes in
            [json!({"scope": "send"}), json!({"scope": null}), json!({"scope": "sendas"})]
        {
            let refusal = required().check(&claims(changes), at(1000)).unwrap_err();
            assert_eq!(refusal, TokenRefusal::InsufficientScope { scope: "send as".to_owned() });
        }
    }

    #[test]
    fn a_clock_may_be_off_by_the_leeway_and_no_more() {
        let (claims, mut required) = (claims(json!({"exp": 1000, "nbf": 1000})), required());
        required.leeway = Duration::from_secs(5);
        let good = |now| required.check(&claims, at(now)).is_ok();
        assert!(good(995) && good(1000) && good(1004));
        assert!(!good(994) && !good(1005));
    }

    #[test]
    fn an_address_that_is_not_verified_is_nobody() {
        let mut required = required();
        required.names = vec!["email".into()];
        let with = |verified: Value| {
            claims(json!({"email": "tim@example.org", "email_verified": verified}))
        };
        assert!(required.check(&with(json!(true)), at(1000)).is_ok());
        assert!(required.check(&with(Value::Null), at(1000)).is_ok());
        assert!(required.check(&with(json!(false)), at(1000)).is_err());
        assert!(required.check(&with(json!("true")), at(1000)).is_err());
    }
}
