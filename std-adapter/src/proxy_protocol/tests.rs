use super::*;
use core::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut octets = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    octets.extend([command, family]);
    octets.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    octets.extend(body);
    octets
}

fn proxied(source: &str, destination: &str) -> Header {
    Header::Proxied { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

/// Whole headers, and what they say.
fn headers() -> Vec<(Vec<u8>, Header)> {
    let ipv4 = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0x00, 0x19];
    let mut ipv6 = Vec::new();
    ipv6.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    ipv6.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    ipv6.extend([0x00, 0x01, 0xff, 0xff]);
    let with_tlv = [&ipv4[..], &[0x04, 0x00, 0x03, 1, 2, 3]].concat();
    let longest = [&ipv4[..], &[0; 4_096 - 12]].concat();
    let from_4 = proxied("192.0.2.1:56324", "198.51.100.2:25");
    let from_6 = proxied("[2001:db8::1]:1", "[2001:db8::2]:65535");
    let longest_1 = "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    assert_eq!(longest_1.len(), 107);
    vec![
        (b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n".to_vec(), from_4),
        (b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n".to_vec(), proxied("0.0.0.0:0", "0.0.0.0:0")),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n".to_vec(), from_6),
        (b"PROXY TCP6 :: :: 1 2\r\n".to_vec(), proxied("[::]:1", "[::]:2")),
        (b"PROXY UNKNOWN\r\n".to_vec(), Header::Unknown),
        (b"PROXY UNKNOWN what ever\r\n".to_vec(), Header::Unknown),
        (longest_1.into(), Header::Unknown),
        (v2(0x21, 0x11, &ipv4), from_4),
        (v2(0x21, 0x11, &with_tlv), from_4),
        (v2(0x21, 0x11, &longest), from_4),
        (v2(0x21, 0x21, &ipv6), from_6),
        (v2(0x21, 0x31, &[0; 216]), Header::Unknown),
        (v2(0x21, 0x00, b""), Header::Unknown),
        (v2(0x21, 0x00, b"ignored"), Header::Unknown),
        (v2(0x20, 0x00, b""), Header::Local),
        (v2(0x20, 0x11, &ipv4), Header::Local),
    ]
}

#[test]
fn every_header_is_read_and_what_follows_is_not() {
    for (octets, header) in headers() {
        let done = Ok(Progress::Done { consumed: octets.len(), header });
        assert_eq!(parse(&octets), done);
        assert_eq!(parse(&[&octets[..], b"EHLO x\r\n\r\n"].concat()), done);
    }
}

#[test]
fn every_start_of_a_header_needs_more_and_never_too_much() {
    for (octets, header) in headers() {
        for cut in 0..octets.len() {
            match parse(&octets[..cut]) {
                Ok(Progress::NeedsMore(least)) => {
                    assert!(least > 0 && cut + least <= octets.len(), "{header:?} {cut} {least}");
                }
                other => panic!("{cut}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_is_no_header_is_refused() {
    let long = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 100]].concat();
    let cases: Vec<Vec<u8>> = vec![
        b"EHLO x\r\n".to_vec(),
        b"E".to_vec(),
        b"\x16\x03\x01".to_vec(),
        b"\r\n\r\nQ".to_vec(),
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY\r\n".to_vec(),
        b"PROXY \r\n".to_vec(),
        b"PROXY TCP4\r\n".to_vec(),
        b"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n".to_vec(),
        b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2  2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 ::1 ::1 1 2\r\n".to_vec(),
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n".to_vec(),
        b"PROXY TCP4 192.0.2.1\n".to_vec(),
        b"PROXY TCP4 192.0.2.1\xff 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n".to_vec(),
        long,
        v2(0x11, 0x11, &[0; 12]),
        v2(0x31, 0x11, &[0; 12]),
        v2(0x22, 0x11, &[0; 12]),
        v2(0x21, 0x11, &[0; 11]),
        v2(0x21, 0x21, &[0; 35]),
        v2(0x21, 0x31, &[0; 215]),
        v2(0x21, 0x12, &[0; 12]),
        v2(0x21, 0x10, &[0; 12]),
        v2(0x21, 0x41, &[0; 12]),
        v2(0x21, 0x11, &[0; 4_097]),
        // Only the fixed part: a length that will not be read.
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(),
    ];
    for octets in cases {
        assert!(parse(&octets).is_err(), "{:?}", String::from_utf8_lossy(&octets));
    }
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn not_an_octet_too_many_is_read_whatever_the_pieces() {
    for (octets, header) in headers() {
        for size in [1, 7, octets.len()] {
            let (mut client, mut server) = tokio::io::duplex(size);
            let sent = [&octets[..], b"\x16\x03rest"].concat();
            let sender = tokio::spawn(async move {
                client.write_all(&sent).await.unwrap();
            });
            assert_eq!(read_header(&mut server, SOON).await.unwrap(), header);
            let mut rest = Vec::new();
            server.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"\x16\x03rest");
            sender.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn drip_feeding_ends_when_the_time_is_over() {
    let (mut client, mut server) = tokio::io::duplex(64);
    let sender = tokio::spawn(async move {
        for octet in b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if client.write_all(&[*octet]).await.is_err() {
                return;
            }
        }
    });
    let error = read_header(&mut server, SOON).await.unwrap_err();
    assert!(matches!(error, ReadError::Timeout), "{error}");
    drop(server);
    sender.await.unwrap();
}

#[tokio::test]
async fn an_end_in_the_middle_and_another_protocol_are_told_apart() {
    let error = read_header(&mut &b"PROXY TCP4 1"[..], SOON).await.unwrap_err();
    assert!(matches!(error, ReadError::Closed), "{error}");
    // Refused at once: a client that waits for a greeting or a reply sends no more than this.
    let (mut client, mut server) = tokio::io::duplex(64);
    client.write_all(b"EHLO x\r\n").await.unwrap();
    let error = read_header(&mut server, SOON).await.unwrap_err();
    assert!(matches!(error, ReadError::Invalid(_)), "{error}");
}
