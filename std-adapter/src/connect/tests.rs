use super::race::{STAGGER, interleave, race};
use super::*;
use core::cell::RefCell;
use tokio::net::TcpListener;
use tokio::time::sleep;

fn addresses(list: &[&str]) -> Vec<SocketAddr> {
    list.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 25)).collect()
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ConnectionRefused.into())
}

#[test]
fn families_take_turns_and_the_preferred_one_is_first() {
    let found = addresses(&["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "192.0.2.3"]);
    let turns = addresses(&["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"]);
    assert_eq!(interleave(found), turns);
    let found = addresses(&["2001:db8::1", "2001:db8::2", "192.0.2.1"]);
    assert_eq!(interleave(found), addresses(&["2001:db8::1", "192.0.2.1", "2001:db8::2"]));
    assert_eq!(interleave([]), []);
}

#[tokio::test(start_paused = true)]
async fn the_next_address_is_tried_after_250_ms_and_the_first_answer_wins() {
    let start = Instant::now();
    let tried = RefCell::new(Vec::new());
    let list = addresses(&["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]);
    let winner = race(list.clone(), far(), |address| {
        tried.borrow_mut().push((address, start.elapsed().as_millis()));
        async move {
            // The second answers while the third runs; the others never do.
            let wait = if address.ip().to_string() == "192.0.2.1" { 400 } else { 10_000 };
            sleep(Duration::from_millis(wait)).await;
            Ok(address)
        }
    });
    assert_eq!(winner.await.unwrap(), list[1]);
    assert_eq!(start.elapsed().as_millis(), 650);
    assert_eq!(*tried.borrow(), [(list[0], 0), (list[1], 250), (list[2], 500)]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_address_still_wins_when_it_answers_first() {
    let list = addresses(&["2001:db8::1", "192.0.2.1"]);
    let winner = race(list.clone(), far(), |address| async move {
        sleep(Duration::from_millis(300)).await;
        Ok(address)
    });
    assert_eq!(winner.await.unwrap(), list[0]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_attempt_at_once_and_the_pace_anew() {
    let start = Instant::now();
    let tried = RefCell::new(Vec::new());
    let list = addresses(&["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    let winner = race(list.clone(), far(), |address| {
        tried.borrow_mut().push(start.elapsed().as_millis());
        async move {
            match address.ip().to_string().as_str() {
                "2001:db8::1" => refused(),
                "192.0.2.1" => {
                    sleep(Duration::from_millis(100)).await;
                    refused()
                }
                "192.0.2.2" => core::future::pending().await,
                _ => Ok(address),
            }
        }
    });
    assert_eq!(winner.await.unwrap(), list[3]);
    assert_eq!(*tried.borrow(), [0, 0, 100, 350]);
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_each_is_listed_with_its_error() {
    let list = addresses(&["2001:db8::1", "192.0.2.1"]);
    let attempts = race::<(), _>(list.clone(), far(), |address| async move {
        if address.is_ipv6() { Err(io::ErrorKind::NetworkUnreachable.into()) } else { refused() }
    });
    let attempts = attempts.await.unwrap_err();
    let kinds: Vec<_> = attempts.iter().map(|one| (one.address, one.error.kind())).collect();
    assert_eq!(
        kinds,
        [(list[0], io::ErrorKind::NetworkUnreachable), (list[1], io::ErrorKind::ConnectionRefused)]
    );
    let error = ConnectError::Unreachable { host: "mx.example".into(), port: 25, attempts };
    assert_eq!(
        error.to_string(),
        "cannot connect to mx.example, port 25: 2001:db8::1: network unreachable, \
         192.0.2.1: connection refused"
    );
    assert_eq!(error.attempts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_time_those_that_run_have_timed_out_and_the_rest_was_not_tried() {
    let start = Instant::now();
    let list = addresses(&["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    let end = start + STAGGER * 2 - Duration::from_millis(1);
    let attempts = race::<(), _>(list.clone(), end, |address| async move {
        if address.is_ipv6() { refused() } else { core::future::pending().await }
    });
    let attempts = attempts.await.unwrap_err();
    let kinds: Vec<_> = attempts.iter().map(|one| (one.address, one.error.kind())).collect();
    assert_eq!(
        kinds,
        [
            (list[0], io::ErrorKind::ConnectionRefused),
            (list[1], io::ErrorKind::TimedOut),
            (list[2], io::ErrorKind::TimedOut)
        ]
    );
    assert_eq!(start.elapsed().as_millis(), 499);
}

#[tokio::test(start_paused = true)]
async fn no_address_is_no_attempt() {
    assert!(
        race::<(), _>(Vec::new(), far(), |_| async { refused() }).await.unwrap_err().is_empty()
    );
}

const SECONDS: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_listener_on_this_machine_is_reached_without_delay_of_small_packets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for host in ["127.0.0.1", "[127.0.0.1]", "localhost"] {
        let stream = tokio::spawn(connect(host, address.port(), SECONDS)).await.unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address, "{host}");
        assert!(stream.nodelay().unwrap());
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = connect("127.0.0.1", port, SECONDS).await.unwrap_err();
    let [attempt] = error.attempts() else { panic!("{error:?}") };
    assert_eq!(attempt.error.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(
        error.to_string(),
        format!("cannot connect to 127.0.0.1, port {port}: 127.0.0.1: connection refused")
    );
}

#[tokio::test]
async fn no_time_is_a_timeout_and_all_time_is_no_fault() {
    let error = connect("127.0.0.1", 1, Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(connect("127.0.0.1", port, Duration::MAX).await.is_ok());
}

#[tokio::test]
async fn what_can_be_no_host_is_told_without_a_lookup() {
    for (host, words) in [
        ("", "empty"),
        ("bücher.example", "xn--"),
        ("mx example", "a space"),
        ("mx\r\nexample", "control character"),
        ("[mx.example]", "no IP address"),
        ("[::1", "no IP address"),
    ] {
        let error = connect(host, 25, SECONDS).await.unwrap_err();
        assert!(matches!(error, ConnectError::Host { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains('\n'), "{text}");
    }
}

#[test]
fn addresses_are_known_with_and_without_brackets() {
    assert_eq!(address_literal("[::1]"), "::1".parse().ok());
    assert_eq!(address_literal("::1"), "::1".parse().ok());
    assert_eq!(address_literal("192.0.2.1"), "192.0.2.1".parse().ok());
    assert_eq!(address_literal("mx.example"), None);
    assert_eq!(address_literal("[mx.example]"), None);
}

#[test]
fn a_host_that_does_not_exist_is_told_from_a_lookup_that_failed() {
    let of = |words: &str| {
        let text = format!("failed to lookup address information: {words}");
        ConnectError::of_lookup("mx.example".into(), io::Error::other(text))
    };
    for words in ["Name or service not known", "No address associated with hostname"] {
        assert!(matches!(of(words), ConnectError::NotFound { .. }), "{words}");
    }
    for words in ["Temporary failure in name resolution", "Try again", "words of another system"] {
        assert!(matches!(of(words), ConnectError::Lookup { .. }), "{words}");
    }
}
