//! The configuration file: the options of the command line as TOML.

use core::fmt::{self, Display};
use core::marker::PhantomData;
use core::str::FromStr;
use std::path::Path;

use ehlo_std::users::Secret;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::Options;
use crate::exit::Failure;

/// Reads the file the options name, and merges the two.
pub(crate) fn merged(options: Options) -> Result<Options, Failure> {
    let Some(path) = options.config.clone() else { return Ok(options) };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::config(format_args!("cannot read {}: {error}", path.display()))
    })?;
    Ok(options.or(parse(&path, &text)?))
}

fn parse(path: &Path, text: &str) -> Result<Options, Failure> {
    // The message alone: the full text of the error quotes the line, and with it a password.
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let message = error.message().replace('\n', ", ");
        Failure::config(format_args!("{}, line {line}: {message}", path.display()))
    })
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|octet| *octet == b'\n').count() + 1
}

/// A value that may be written as a string or as what it is.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Scalar, E> {
                Ok(Scalar(text))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Scalar, E> {
                // `false` is how TOML says off.
                Ok(Scalar(if truth { "on" } else { "off" }.to_owned()))
            }
        }
        deserializer.deserialize_any(One)
    }
}

/// One value, or several in an array.
struct Several<T>(Vec<T>);

impl<'de> Deserialize<'de> for Several<Scalar> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Many<T>(PhantomData<T>);
        impl<'de> Visitor<'de> for Many<Scalar> {
            type Value = Several<Scalar>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or an array of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Several(vec![Scalar(text.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Several(all))
            }

            // Not quoted, as the default would: it may be a password.
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
                Err(E::custom("a number, where a string or an array of strings is expected"))
            }
        }
        deserializer.deserialize_any(Many(PhantomData))
    }
}

fn parsed<T: FromStr<Err: Display>, E: de::Error>(text: &str) -> Result<T, E> {
    text.parse().map_err(|why| E::custom(format_args!("{text:?}: {why}")))
}

/// One value.
pub(super) fn one<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    parsed(&Scalar::deserialize(deserializer)?.0).map(Some)
}

/// What repeats on the command line.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    Several::deserialize(deserializer)?.0.iter().map(|item| parsed(&item.0)).collect()
}

/// What is separated by commas on the command line.
pub(super) fn words<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let items = Several::deserialize(deserializer)?.0;
    items.iter().flat_map(|item| item.0.split(',')).map(|word| parsed(word.trim())).collect()
}

/// What must not be shown.
pub(super) fn secrets<'de, D>(deserializer: D) -> Result<Vec<Secret>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Several::deserialize(deserializer)?.0.into_iter().map(|item| Secret::new(item.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;

    fn error(text: &str) -> String {
        format!("{:?}", parse(Path::new("ehlo.toml"), text).unwrap_err())
    }

    #[test]
    fn every_option_is_a_key() {
        let command = Options::augment_args(clap::Command::new("serve"));
        let mut count = 0;
        for name in command.get_arguments().filter_map(clap::Arg::get_long) {
            // A table fits no option, and so an error tells whether the key is known.
            let error = error(&format!("[{name}]\nx = 1\n"));
            assert_eq!(error.contains("unknown field"), name == "config", "{name}: {error}");
            count += 1;
        }
        assert!(count > 40, "{count}");
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let error = error("lmtp = true\n\nmax-sise = 5\n");
        assert!(error.contains("ehlo.toml, line 3: unknown field `max-sise`"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_told_with_its_line_and_what_is_right() {
        let error = error("lmtp = true\nauth = \"PLAIN, NTML\"\n");
        assert!(error.contains("line 2") && error.contains("NTML") && error.contains("CRAM-MD5"));
    }

    #[test]
    fn a_password_is_never_quoted() {
        for text in [
            "user = 12345678",
            "user = { tim = \"12345678\" }",
            "user = [[\"tim:12345678\"]]",
            "user = \"tim:12345678",
            "user = [\"tim:12345678\", 3",
            "token = \"tim:12345678\" x",
        ] {
            assert!(!error(text).contains("12345678"), "{}", error(text));
        }
    }

    #[test]
    fn what_the_command_line_says_wins() {
        let file =
            "hostname = \"a.example\"\nmax-size = \"1K\"\nlisten = [\"[::1]:1\"]\nlmtp = true";
        let file = parse(Path::new("ehlo.toml"), file).unwrap();
        let given = Options { hostname: Some("b.example".to_owned()), ..Options::default() };
        let both = given.or(file);
        assert_eq!(both.hostname.as_deref(), Some("b.example"));
        assert_eq!(both.max_size, "1024".parse().ok());
        assert_eq!(both.listen, ["[::1]:1"]);
        assert!(both.lmtp);
    }
}
