use core::fmt;

/// Why a message could not be stored, read or deleted. `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError<E> {
    /// There is no room left. The draft is to be aborted; what is kept is untouched.
    Full,
    /// There is no such message, or no such draft any more.
    Unknown,
    /// What was written does not read back as it was: the flash is worn out.
    Worn,
    /// The flash failed.
    Flash(E),
}

impl<E: fmt::Debug> fmt::Display for StoreError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no room left"),
            Self::Unknown => f.write_str("no such message"),
            Self::Worn => f.write_str("the flash does not keep what is written to it"),
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for StoreError<E> {}
