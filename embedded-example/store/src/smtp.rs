//! The stores as those of a session.
//!
//! The envelope goes in front of the message, as header fields: `Return-Path` as RFC 5321 section 4.4 has it
//! at final delivery, and a `Delivered-To` for each recipient. What is kept is a message that any mail program
//! reads.

use core::fmt::{self, Display, Write};

use ehlo::address::ForwardPath;
use ehlo_embedded::{Envelope, MessageStore, Receipt};
use embedded_storage::nor_flash::NorFlash;

use crate::{FlashStore, RamStore, StoreError, flash, ram};

impl<E> From<StoreError<E>> for ehlo_embedded::StoreError {
    fn from(error: StoreError<E>) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Unknown | StoreError::Worn | StoreError::Flash(_) => Self::Broken,
        }
    }
}

type Result<T> = core::result::Result<T, ehlo_embedded::StoreError>;

macro_rules! message_store {
    ([$($generics:tt)*] $store:ty, $draft:ty, $begin:ident) => {
        impl<$($generics)*> MessageStore for $store {
            type Draft = $draft;

            fn begin(&mut self, envelope: &Envelope<'_>) -> Result<Self::Draft> {
                let size = envelope.parameters.size.unwrap_or(0);
                if size > self.capacity() as u64 {
                    return Err(ehlo_embedded::StoreError::TooLarge);
                }
                let mut draft = $begin(self)?;
                // A client that says how large its message is wants to know now.
                let fits = usize::try_from(size).is_ok_and(|size| self.fits(&draft, size));
                let begun = match fits {
                    true => field(self, &mut draft, "Return-Path", envelope.reverse_path),
                    false => Err(ehlo_embedded::StoreError::Full),
                };
                match begun {
                    Ok(()) => Ok(draft),
                    Err(error) => {
                        self.abort(draft);
                        Err(error)
                    }
                }
            }

            fn recipient(
                &mut self,
                draft: &mut Self::Draft,
                path: ForwardPath<'_>,
            ) -> Result<()> {
                field(self, draft, "Delivered-To", path)
            }

            fn write(&mut self, draft: &mut Self::Draft, octets: &[u8]) -> Result<()> {
                Ok(<$store>::write(self, draft, octets)?)
            }

            fn commit(&mut self, draft: Self::Draft) -> Result<Receipt> {
                Ok(Receipt(<$store>::commit(self, draft)?.number()))
            }

            fn abort(&mut self, draft: Self::Draft) {
                <$store>::abort(self, draft);
            }
        }

        impl<$($generics)*> Fields for $store {
            fn has_room(&self, draft: &Self::Draft, octets: usize) -> bool {
                self.fits(draft, octets)
            }
        }
    };
}

message_store!([F: NorFlash, const SECTORS: usize] FlashStore<F, SECTORS>, flash::Draft, begin_flash);
message_store!(
    [const BLOCKS: usize, const MESSAGES: usize] RamStore<BLOCKS, MESSAGES>, ram::Draft, begin_ram
);

#[allow(clippy::unnecessary_wraps, reason = "as the other one")]
fn begin_flash<F: NorFlash, const S: usize>(store: &mut FlashStore<F, S>) -> Result<flash::Draft> {
    Ok(store.begin())
}

fn begin_ram<const B: usize, const M: usize>(store: &mut RamStore<B, M>) -> Result<ram::Draft> {
    Ok(store.begin()?)
}

trait Fields: MessageStore {
    fn has_room(&self, draft: &Self::Draft, octets: usize) -> bool;
}

/// Writes a header field, or nothing of it when there is no room for all.
fn field<S: Fields>(
    store: &mut S,
    draft: &mut S::Draft,
    name: &str,
    value: impl Display,
) -> Result<()> {
    let mut length = Length(0);
    // Counting doesn't fail.
    let _ = write!(length, "{name}: {value}\r\n");
    if !store.has_room(draft, length.0) {
        return Err(ehlo_embedded::StoreError::Full);
    }
    let mut field = Field { store, draft, error: None };
    let written = write!(field, "{name}: {value}\r\n");
    match (written, field.error) {
        (Ok(()), None) => Ok(()),
        (_, error) => Err(error.unwrap_or(ehlo_embedded::StoreError::Broken)),
    }
}

struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

struct Field<'a, S: MessageStore> {
    store: &'a mut S,
    draft: &'a mut S::Draft,
    error: Option<ehlo_embedded::StoreError>,
}

impl<S: MessageStore> Write for Field<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.store.write(self.draft, text.as_bytes()).map_err(|error| {
            self.error = Some(error);
            fmt::Error
        })
    }
}
