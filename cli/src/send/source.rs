//! The message of `--message`: a file that is measured and then read as it goes out, or standard input.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ehlo_std::client::{Measure, Message};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};

use super::progress::Progress;
use crate::exit::{self, Failure};

/// How long the first line may be until it is seen whether it is a header field.
const FIRST_LINE: u64 = 1000;

/// Opens it.
pub(super) async fn open(path: &Path, progress: Progress) -> Result<Message, Failure> {
    if path.as_os_str() == "-" {
        return from(tokio::io::stdin(), None, "standard input", progress).await;
    }
    let name = path.display().to_string();
    let unread =
        |error: io::Error| Failure::new(exit::NO_INPUT, format_args!("--message {name}: {error}"));
    let mut file = File::open(path).map_err(unread)?;
    let metadata = file.metadata().map_err(unread)?;
    if metadata.is_dir() {
        let text = format_args!("--message {name}: a folder, and not a message");
        return Err(Failure::new(exit::NO_INPUT, text));
    }
    // What is no file, such as a pipe, can be read only once.
    if !metadata.is_file() {
        return from(tokio::fs::File::from_std(file), None, &name, progress).await;
    }
    let measured = measured(&mut file).map_err(unread)?;
    if measured.has_nul() {
        let text = format_args!("--message {name}: there is a NUL in it; --attach can send it");
        return Err(Failure::new(exit::DATA, text));
    }
    let file = File::open(path).map_err(unread)?;
    let reader = AsMeasured { file: tokio::fs::File::from_std(file), left: measured.octets() };
    let message = from(reader, Some(measured.size()), &name, progress).await?;
    Ok(message.eight_bit(measured.has_eight_bit()))
}

/// A message that begins with a header, from a reader.
async fn from(
    reader: impl AsyncRead + Send + Unpin + 'static,
    size: Option<u64>,
    name: &str,
    progress: Progress,
) -> Result<Message, Failure> {
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let mut first = Vec::new();
    let line = (&mut reader).take(FIRST_LINE).read_until(b'\n', &mut first).await;
    line.map_err(|error| Failure::new(exit::NO_INPUT, format_args!("{name}: {error}")))?;
    if let Some(why) = no_header(&first) {
        return Err(Failure::new(exit::DATA, format_args!("{name}: {why}")));
    }
    progress.size(size);
    let whole = AsyncReadExt::chain(io::Cursor::new(first), reader);
    Ok(Message::stream(progress.of(whole), size))
}

/// Why this is not the first line of a header (RFC 5322 section 2.2).
fn no_header(line: &[u8]) -> Option<&'static str> {
    let name = line.iter().position(|octet| *octet == b':').and_then(|at| line.get(..at));
    let name = name.unwrap_or_default().trim_ascii_end();
    if !name.is_empty() && name.iter().all(|octet| matches!(octet, 33..=126)) {
        return None;
    }
    Some(match line {
        [] => "there is nothing in it",
        [b'\r' | b'\n', ..] => {
            "it has no header: the first line is empty, where a field such as \"Subject: hello\" should be"
        }
        [b'F', b'r', b'o', b'm', b' ', ..] => {
            "the first line begins with \"From \", so it is an mbox; take that line away"
        }
        _ => {
            "it has no header: the first line is no field such as \"Subject: hello\"; --body sends a text alone"
        }
    })
}

/// A file that ends where it did when it was measured: half a message must not go out as a whole one.
#[derive(Debug)]
struct AsMeasured {
    file: tokio::fs::File,
    left: u64,
}

impl AsyncRead for AsMeasured {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = space.filled().len();
        ready!(Pin::new(&mut this.file).poll_read(cx, space))?;
        let read = space.filled().len().saturating_sub(before) as u64;
        let ended = read == 0 && space.remaining() > 0;
        Poll::Ready(match this.left.checked_sub(read) {
            Some(left) if left == 0 || !ended => {
                this.left = left;
                Ok(())
            }
            _ => {
                space.set_filled(before);
                Err(io::Error::other("the file was changed while it was read"))
            }
        })
    }
}

/// What is known of a file before it goes out.
fn measured(file: &mut File) -> io::Result<Measure> {
    let mut measure = Measure::default();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(measure),
            Ok(n) => measure.add(chunk.get(..n).unwrap_or(&[])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tokio::io::AsyncReadExt as _;

    use super::{AsMeasured, no_header};

    #[test]
    fn a_file_that_has_changed_is_no_whole_message() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (left, whole) in [(0, false), (99_999, false), (100_000, true), (100_001, false)] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&vec![b'a'; 100_000]).unwrap();
            std::io::Seek::rewind(&mut file).unwrap();
            let mut file = AsMeasured { file: tokio::fs::File::from_std(file), left };
            let mut octets = Vec::new();
            let read = runtime.block_on(file.read_to_end(&mut octets));
            assert_eq!(read.is_ok(), whole, "{left}: {read:?}");
        }
    }

    #[test]
    fn a_header_begins_with_a_field() {
        for line in ["Subject: x\r\n", "X-a.b_c:\n", "Received : old\r\n", "a:"] {
            assert_eq!(no_header(line.as_bytes()), None, "{line:?}");
        }
        for line in
            ["", "\r\n", "hello\r\n", "two words: x\r\n", ": x", "From me Sat\n", "Ü: x", " a: x"]
        {
            assert!(no_header(line.as_bytes()).is_some(), "{line:?}");
        }
    }
}
