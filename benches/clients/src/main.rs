//! Sends messages to a server and tells how many a second, and what CPU time each cost.
//!
//! `clients CLIENT HOST:PORT CONNECTIONS MESSAGES OCTETS`; CLIENT is `ehlo`, `lettre` or `mail-send`. With
//! CONNECTIONS 0 each message has a connection of its own.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ehlo_std::client::{Client, Envelope, Security};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

type Failure = Box<dyn Error + Send + Sync>;

/// What is to be done.
struct Work {
    host: String,
    port: u16,
    connections: usize,
    left: AtomicUsize,
    message: Vec<u8>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, address, connections, messages, octets] = arguments.as_slice() else {
        return Err("clients CLIENT HOST:PORT CONNECTIONS MESSAGES OCTETS".into());
    };
    let (host, port) = address.rsplit_once(':').ok_or("HOST:PORT")?;
    let messages: usize = messages.parse()?;
    let work = Arc::new(Work {
        host: host.into(),
        port: port.parse()?,
        connections: connections.parse()?,
        left: AtomicUsize::new(messages),
        message: message(octets.parse()?),
    });
    // One thread, as a sending program in somebody's event loop is.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    let before = cpu_time();
    match client.as_str() {
        "ehlo" => runtime.block_on(ehlo(work))?,
        "lettre" => runtime.block_on(with_lettre(work))?,
        "mail-send" => runtime.block_on(with_mail_send(work))?,
        other => return Err(format!("no such client: {other}").into()),
    }
    let cpu = cpu_time().saturating_sub(before);
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    let each = cpu.as_secs_f64() * 1e6 / messages as f64;
    println!("{client}\t{rate:.0} messages/s\t{each:.1} us of CPU each");
    Ok(())
}

/// A header and lines of 70 characters.
fn message(octets: usize) -> Vec<u8> {
    let mut text = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: bench\r\n\r\n".to_vec();
    while text.len() + 72 <= octets {
        text.extend_from_slice(&[b'x'; 70]);
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// User and system time of this process so far, of its one thread.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let spent = stat.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(spent.unwrap_or(0))
}

impl Work {
    /// Whether there is one more message to send.
    fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
    }

    fn tasks(&self) -> usize {
        self.connections.max(1)
    }
}

async fn ehlo(work: Arc<Work>) -> Result<(), Failure> {
    let mut client =
        Client::new(format!("{}:{}", work.host, work.port)).security(Security::Cleartext);
    if work.connections > 0 {
        client = client.pool(work.connections);
    }
    let envelope = Envelope::new("a@example.org", ["b@example.org"])?;
    let message: Arc<[u8]> = work.message.clone().into();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..work.tasks() {
        let (work, client) = (Arc::clone(&work), client.clone());
        let (envelope, message) = (envelope.clone(), Arc::clone(&message));
        tasks.spawn(async move {
            while work.take() {
                client.send(envelope.clone(), Arc::clone(&message)).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    client.close().await;
    Ok(())
}

async fn with_lettre(work: Arc<Work>) -> Result<(), Failure> {
    let pool = lettre::transport::smtp::PoolConfig::new()
        .max_size(u32::try_from(work.connections)?)
        .min_idle(0);
    let mut transport =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&work.host).port(work.port);
    if work.connections > 0 {
        transport = transport.pool_config(pool);
    } else {
        transport = transport.pool_config(lettre::transport::smtp::PoolConfig::new().max_size(0));
    }
    let transport = transport.build();
    let envelope = lettre::address::Envelope::new(
        Some("a@example.org".parse()?),
        vec!["b@example.org".parse()?],
    )?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..work.tasks() {
        let (work, transport, envelope) = (Arc::clone(&work), transport.clone(), envelope.clone());
        tasks.spawn(async move {
            while work.take() {
                transport.send_raw(&envelope, &work.message).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn with_mail_send(work: Arc<Work>) -> Result<(), Failure> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..work.tasks() {
        let work = Arc::clone(&work);
        tasks.spawn(async move {
            let connect = || async {
                mail_send::SmtpClientBuilder::new(work.host.as_str(), work.port)
                    .implicit_tls(false)
                    .connect_plain()
                    .await
            };
            let mut client = None;
            while work.take() {
                let mut connected = match client.take() {
                    Some(connected) => connected,
                    None => connect().await?,
                };
                let message = mail_send::smtp::message::Message::new(
                    "a@example.org",
                    ["b@example.org"],
                    work.message.as_slice(),
                );
                connected.send(message).await?;
                if work.connections > 0 {
                    client = Some(connected);
                } else {
                    connected.quit().await?;
                }
            }
            if let Some(client) = client {
                client.quit().await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
