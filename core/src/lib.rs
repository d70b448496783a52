//! A sans-I/O SMTP protocol core.
#![no_std]
#![forbid(unsafe_code)]
