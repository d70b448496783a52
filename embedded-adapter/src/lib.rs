//! ehlo on embedded-io-async and embedded-nal.
#![no_std]
#![forbid(unsafe_code)]
