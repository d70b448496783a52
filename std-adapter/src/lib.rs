//! ehlo on tokio.
