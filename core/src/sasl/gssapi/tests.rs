//! What RFC 4752 asks for, step by step.

use super::{Client, Error, IDENTITY_MAX, Next, Server, TOKENS_MAX};

extern crate alloc;
use alloc::string::String;
use alloc::vec::Vec;

/// A client whose context is established.
fn established() -> Client {
    let mut client = Client::new();
    client.challenge(Some(b"")).unwrap();
    client.context(true, b"token").unwrap();
    client
}

fn choose(offer: &[u8], identity: Option<&str>) -> Result<Vec<u8>, Error> {
    let mut client = established();
    client.challenge(Some(b"wrapped")).unwrap();
    let mut out = [0; 4 + IDENTITY_MAX];
    let chosen = client.choose(offer, identity, &mut out).map(<[u8]>::to_vec);
    assert_eq!(client.is_complete(), chosen.is_ok());
    chosen
}

fn chosen(choice: &[u8]) -> Result<Option<String>, Error> {
    let mut server = Server::new();
    server.response(b"token").unwrap();
    assert_eq!(server.context(true, b"").unwrap(), Next::Wrap(&[1, 0, 0, 0]));
    server.response(b"wrapped").unwrap();
    let identity = server.chosen(choice).map(|identity| identity.map(String::from));
    assert_eq!(server.is_complete(), identity.is_ok());
    identity
}

#[test]
fn a_client_takes_no_layer_out_of_all_that_are_offered() {
    for bits in [1, 3, 5, 7, 0xff] {
        // The size is for layers that are not chosen.
        assert_eq!(choose(&[bits, 0, 16, 0], None), Ok([1, 0, 0, 0].into()));
        assert_eq!(choose(&[bits, 0, 0, 0], Some("tim")).unwrap(), b"\x01\0\0\0tim");
    }
}

#[test]
fn a_server_that_insists_on_a_layer_is_refused() {
    for bits in [0, 2, 4, 6, 8, 0xfe] {
        assert_eq!(choose(&[bits, 0, 16, 0], None), Err(Error::Layer));
    }
}

#[test]
fn an_offer_has_four_octets() {
    for offer in [&b""[..], &[1], &[1, 0, 0], &[1, 0, 0, 0, 0], b"\x01\0\0\0tim"] {
        assert_eq!(choose(offer, None), Err(Error::Malformed));
    }
}

#[test]
fn a_client_that_chose_a_layer_is_refused() {
    for bits in [0, 2, 3, 4, 5, 7, 9, 0xff] {
        assert_eq!(chosen(&[bits, 0, 0, 0]), Err(Error::Layer));
    }
    assert_eq!(chosen(&[1, 0, 0, 1]), Err(Error::Size));
    for choice in [&b""[..], &[1], &[1, 0, 0]] {
        assert_eq!(chosen(choice), Err(Error::Malformed));
    }
}

#[test]
fn an_identity_is_text_of_bounded_length() {
    assert_eq!(chosen(&[1, 0, 0, 0]), Ok(None));
    assert_eq!(chosen("\u{1}\0\0\0ж".as_bytes()), Ok(Some("ж".into())));
    for bad in [&b"\x01\0\0\0tim\0"[..], b"\x01\0\0\0\xff", b"\x01\0\0\0a\nb"] {
        assert_eq!(chosen(bad), Err(Error::Identity), "{}", bad.escape_ascii());
    }
    let longest = "x".repeat(IDENTITY_MAX);
    assert_eq!(choose(&[1, 0, 0, 0], Some(&longest)).unwrap()[4..], *longest.as_bytes());
    for bad in ["", "a\0b", "a\u{7f}", &"x".repeat(IDENTITY_MAX + 1)] {
        assert_eq!(choose(&[1, 0, 0, 0], Some(bad)), Err(Error::Identity));
    }
    let mut too_long = alloc::vec![1, 0, 0, 0];
    too_long.extend([b'x'; IDENTITY_MAX + 1]);
    assert_eq!(chosen(&too_long), Err(Error::Identity));
}

#[test]
fn a_choice_that_has_no_room_is_not_made() {
    let mut client = established();
    client.challenge(Some(b"wrapped")).unwrap();
    assert_eq!(client.choose(&[1, 0, 0, 0], Some("tim"), &mut [0; 6]), Err(Error::NoRoom));
    assert!(!client.is_complete());
    assert_eq!(client.choose(&[1, 0, 0, 0], Some("tim"), &mut [0; 7]).unwrap().len(), 7);
}

#[test]
fn what_has_no_place_is_refused() {
    let mut client = Client::new();
    assert_eq!(client.challenge(Some(b"too soon")), Err(Error::Malformed));
    assert_eq!(client.context(true, b""), Err(Error::Order));
    assert_eq!(client.choose(&[1, 0, 0, 0], None, &mut [0; 4]), Err(Error::Order));
    client.challenge(None).unwrap();
    assert_eq!(client.challenge(Some(b"token")), Err(Error::Order));
    assert_eq!(client.context(false, b""), Err(Error::NoToken));
    client.context(false, b"token").unwrap();
    assert_eq!(client.challenge(Some(b"")), Err(Error::Malformed));
    assert_eq!(client.challenge(None), Err(Error::Order));
    client.challenge(Some(b"token")).unwrap();
    client.context(true, b"").unwrap();
    assert_eq!(client.challenge(Some(b"")), Err(Error::Malformed));

    let mut server = Server::new();
    assert_eq!(server.response(b""), Err(Error::Malformed));
    assert_eq!(server.context(true, b""), Err(Error::Order));
    assert_eq!(server.chosen(&[1, 0, 0, 0]), Err(Error::Order));
    server.response(b"token").unwrap();
    assert_eq!(server.response(b"token"), Err(Error::Order));
    assert_eq!(server.context(false, b""), Err(Error::NoToken));
    server.context(true, b"token").unwrap();
    // Where a token was sent there is nothing to say to it.
    assert_eq!(server.response(b"something"), Err(Error::Malformed));
    server.response(b"").unwrap();
    assert_eq!(server.response(b""), Err(Error::Malformed));
    server.response(b"wrapped").unwrap();
    server.chosen(&[1, 0, 0, 0]).unwrap();
    assert_eq!(server.response(b"more"), Err(Error::Order));
}

#[test]
fn a_context_that_is_never_established_ends() {
    let (mut client, mut server) = (Client::new(), Server::new());
    client.challenge(None).unwrap();
    client.context(false, b"token").unwrap();
    for _ in 0..TOKENS_MAX {
        server.response(b"token").unwrap();
        server.context(false, b"token").unwrap();
        client.challenge(Some(b"token")).unwrap();
        if client.context(false, b"token").is_err() {
            break;
        }
    }
    server.response(b"token").unwrap();
    assert_eq!(server.context(false, b"token"), Err(Error::TooLong));
    assert_eq!(client.context(false, b"token"), Err(Error::TooLong));
}
