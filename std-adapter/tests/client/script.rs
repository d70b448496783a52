//! A server that says what it is told to, one connection after the other.

use core::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// For each connection what each command is answered with, in order: the greeting first. The message counts as one
/// command, and behind the last answer the connection is closed.
pub(crate) type Script = &'static [&'static [&'static str]];

/// A server that follows a script.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    running: JoinHandle<()>,
}

impl Scripted {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let record = Arc::clone(&heard);
        let running = tokio::spawn(async move {
            for answers in script {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut in_message = false;
                for answer in *answers {
                    if !answer.starts_with("220") {
                        loop {
                            let mut line = String::new();
                            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                                break;
                            }
                            let line = line.trim_end().to_owned();
                            let whole = !in_message || line == ".";
                            record.lock().unwrap().push(line);
                            if whole {
                                break;
                            }
                        }
                    }
                    in_message = answer.starts_with("354");
                    let answer = format!("{}\r\n", answer.replace('\n', "\r\n"));
                    let _ = stream.get_mut().write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { address, heard, running }
    }

    /// All it has heard, once the script is over.
    pub(crate) async fn heard(self) -> Vec<String> {
        self.running.await.unwrap();
        self.heard.lock().unwrap().clone()
    }
}
