//! A message from a device to a device: STARTTLS and implicit TLS, and SCRAM tied to the TLS connection.

#![allow(clippy::unwrap_used, clippy::panic)]
