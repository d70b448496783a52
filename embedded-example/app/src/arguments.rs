//! What a firmware is told by whoever starts the emulator: words, and words with a value.

/// The words of a command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arguments<'a>(&'a str);

impl<'a> Arguments<'a> {
    /// Takes a command line apart.
    #[must_use]
    pub const fn new(line: &'a str) -> Self {
        Self(line)
    }

    /// Whether this word is there.
    #[must_use]
    pub fn has(self, word: &str) -> bool {
        self.0.split_ascii_whitespace().any(|one| one == word)
    }

    /// What is behind `name=`.
    #[must_use]
    pub fn value(self, name: &str) -> Option<&'a str> {
        let pairs = self.0.split_ascii_whitespace().filter_map(|word| word.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn words_and_values_are_told_apart() {
        let arguments = Arguments::new("firmware show server=10.0.2.2:25 password=a=b");
        assert!(arguments.has("show") && !arguments.has("server"));
        assert_eq!(arguments.value("server"), Some("10.0.2.2:25"));
        assert_eq!(arguments.value("password"), Some("a=b"));
        assert_eq!(arguments.value("show"), None);
    }
}
