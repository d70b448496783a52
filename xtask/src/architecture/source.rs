//! A Rust source taken apart into code and string literals.

/// The parts of a source that the rules look at. Unit tests at its end are left out of the literals.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The code, line for line, without comments and without what stands in string literals.
    pub(super) code: String,
    /// Each string literal as it is written, with the line it starts on.
    pub(super) literals: Vec<(usize, String)>,
}

impl Source {
    /// Takes a source apart.
    pub(super) fn read(text: &str) -> Self {
        let mut source = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                let length = block_comment(rest);
                source.keep_lines(rest.get(..length).unwrap_or(""));
                length
            } else if let Some((open, body, length)) = string(rest).filter(|_| !source.in_a_word())
            {
                source.literal(body);
                source.code.push_str(open);
                source.keep_lines(body);
                source.code.push('"');
                length
            } else if let Some(length) = character(rest) {
                source.code.push_str("' '");
                length
            } else {
                source.code.push(first);
                first.len_utf8()
            };
            rest = rest.get(length..).unwrap_or("");
        }
        source
    }

    /// Keeps a literal, unless it is one of the unit tests.
    fn literal(&mut self, body: &str) {
        if !self.code.contains("#[cfg(test)]\nmod ") {
            let line = self.code.matches('\n').count() + 1;
            self.literals.push((line, body.to_owned()));
        }
    }

    /// Keeps the count of lines over a part that is left out.
    fn keep_lines(&mut self, part: &str) {
        self.code.extend(part.chars().filter(|c| *c == '\n'));
    }

    /// Whether the code ends within a name, so that an `r` or `b` starts no literal.
    fn in_a_word(&self) -> bool {
        self.code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }
}

/// The length of a block comment at the start of `text`; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// A string literal at the start of `text`: how it opens, its body, and its whole length.
fn string(text: &str) -> Option<(&str, &str, usize)> {
    let prefix = text.find(|c| !"bcr".contains(c)).filter(|length| *length <= 2)?;
    let (letters, rest) = text.split_at_checked(prefix)?;
    let hashes = if letters.ends_with('r') { rest.find(|c| c != '#')? } else { 0 };
    let body = rest.get(hashes..)?.strip_prefix('"')?;
    let length = if letters.ends_with('r') {
        body.find(&format!("\"{}", "#".repeat(hashes)))?
    } else {
        let mut escaped = false;
        body.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?
    };
    let open = prefix + hashes + 1;
    Some((text.get(..open)?, body.get(..length)?, open + length + 1 + hashes))
}

/// The length of a character literal at the start of `text`; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let mut chars = body.chars();
    if chars.next()? == '\\' {
        // The escaped character may be a quote itself.
        let skipped = 1 + chars.next()?.len_utf8();
        return body.get(skipped..)?.find('\'').map(|end| 1 + skipped + end + 1);
    }
    let one = body.chars().next()?.len_utf8();
    body.get(one..)?.starts_with('\'').then_some(1 + one + 1)
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn literals(text: &str) -> Vec<(usize, String)> {
        Source::read(text).literals
    }

    #[test]
    fn every_kind_of_literal_is_seen() {
        let text = "a(\"x\\\"y\", b\"z\",\nr#\"q\"q\"#, '\"', 'a', '\\'', br\"p\")";
        let expected = [(1, "x\\\"y"), (1, "z"), (2, "q\"q"), (2, "p")];
        assert_eq!(literals(text), expected.map(|(line, body)| (line, body.to_owned())));
    }

    #[test]
    fn comments_and_unit_tests_hold_no_literal() {
        let text = "// \"a\"\n/* \"b\" /* */\n\"c\" */ fn f<'a>(x: &'a str) {}\n\
                    #[cfg(test)]\nmod tests { const A: &str = \"d\"; }";
        assert!(literals(text).is_empty());
    }

    #[test]
    fn code_keeps_its_lines() {
        let text = "a /* b\nc */ d\n\"e\nf\" g // h\ni";
        assert_eq!(Source::read(text).code, "a \n d\n\"\n\" g \ni");
    }
}
