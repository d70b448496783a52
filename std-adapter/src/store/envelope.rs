use super::Trace;

/// What a message carries beside its octets: who sent it, who gets it, how it came (RFC 5321 section 2.3.1).
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// The reverse-path without its angle brackets; empty for the null reverse-path.
    pub reverse_path: String,
    /// The accepted recipients without their angle brackets, in the order of the commands.
    pub recipients: Vec<String>,
    /// How the message came here.
    pub trace: Trace,
}

impl Envelope {
    /// An envelope with nothing known about the way the message came.
    pub fn new<R: Into<String>>(
        reverse_path: impl Into<String>,
        recipients: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            reverse_path: reverse_path.into(),
            recipients: recipients.into_iter().map(Into::into).collect(),
            trace: Trace::default(),
        }
    }

    /// The fields a final delivery puts in front of a message, each ending in CRLF: `Return-Path` (RFC 5321
    /// section 4.4), a `Delivered-To` for each recipient (RFC 9228), and `Received`.
    ///
    /// Characters that can't stand in a field are replaced by `?`, whatever the strings hold: no client can
    /// start a field or a line of its own.
    #[must_use]
    pub fn trace_fields(&self) -> String {
        let mut out = String::with_capacity(512);
        out.push_str("Return-Path: <");
        push_path(&mut out, &self.reverse_path);
        out.push_str(">\r\n");
        for recipient in &self.recipients {
            out.push_str("Delivered-To: ");
            push_path(&mut out, recipient);
            out.push_str("\r\n");
        }
        let only = match self.recipients.as_slice() {
            [only] => Some(only.as_str()),
            // More than one would show blind copies to everybody (RFC 5321 section 7.2).
            _ => None,
        };
        self.trace.push_received(&mut out, only);
        out
    }
}

/// A path that came through the grammar is printed as it is; a control character can only come from outside.
pub(super) fn push_path(out: &mut String, path: &str) {
    out.extend(path.chars().map(|c| if c.is_control() { '?' } else { c }));
}
