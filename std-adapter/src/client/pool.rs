//! Connections that are kept.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use ehlo::client::Closed;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use super::attempts;
use super::settings::Settings;
use super::task::{Job, Undelivered};
use super::{Envelope, Error, Message, Receipt};

/// How long a connection is kept without a message: well below what servers wait for a command.
const IDLE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Pool {
    permits: Semaphore,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Connections without a message, the one used last at the end.
    idle: Vec<mpsc::Sender<Job>>,
    running: JoinSet<()>,
    /// How often the pool was closed: what was at work then is not kept afterwards.
    closed: u64,
}

impl Pool {
    pub(super) fn new(connections: usize) -> Self {
        Self { permits: Semaphore::new(connections.max(1)), kept: Mutex::default() }
    }

    /// Sends a message over a connection that is there, or a new one.
    pub(super) async fn send(
        &self,
        settings: &Arc<Settings>,
        mut envelope: Envelope,
        mut message: Message,
    ) -> Result<Receipt, Error> {
        let over = || Error::Closed(Closed::EndOfFile);
        let _permit = self.permits.acquire().await.map_err(|_| over())?;
        loop {
            let (connection, age) = self.take(settings);
            let (answer, answered) = oneshot::channel();
            if let Err(unsent) = connection.try_send(Job { envelope, message, answer }) {
                // It has ended meanwhile.
                let job = unsent.into_inner();
                (envelope, message) = (job.envelope, job.message);
                continue;
            }
            match answered.await {
                Ok(Ok(receipt)) => {
                    self.give_back(connection, age);
                    return Ok(receipt);
                }
                Ok(Err(Undelivered { again: Some(unsent), .. })) => (envelope, message) = *unsent,
                Ok(Err(Undelivered { error, again: None })) => {
                    self.give_back(connection, age);
                    return Err(error);
                }
                Err(_) => return Err(over()),
            }
        }
    }

    /// Ends all connections, those at work once their message is through.
    pub(super) async fn close(&self) {
        let mut running = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.idle.clear();
            kept.closed = kept.closed.wrapping_add(1);
            core::mem::take(&mut kept.running)
        };
        // A task of its own: whoever gives up waiting must not end what others are sending.
        let ended = tokio::spawn(async move { while running.join_next().await.is_some() {} });
        let _ = ended.await;
    }

    /// A connection, and how often the pool was closed before it was taken.
    fn take(&self, settings: &Arc<Settings>) -> (mpsc::Sender<Job>, u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.running.try_join_next().is_some() {}
        while let Some(connection) = kept.idle.pop() {
            if !connection.is_closed() {
                return (connection, kept.closed);
            }
        }
        let (sender, mut jobs) = mpsc::channel(1);
        let settings = Arc::clone(settings);
        kept.running.spawn(async move { attempts::run(&settings, &mut jobs, IDLE).await });
        (sender, kept.closed)
    }

    fn give_back(&self, connection: mpsc::Sender<Job>, age: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.closed == age {
            kept.idle.push(connection);
        }
    }
}
