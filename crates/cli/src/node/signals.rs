//! SIGTERM and SIGINT, as something to wait for.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The signals that end a node in order.
pub(crate) struct Signals {
    heard: Receiver<&'static str>,
}

impl Signals {
    /// Listens from now on, on a thread of its own.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (tell, heard) = sync_channel(1);
        let mut streams = {
            let _inside = runtime.enter();
            (
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
            )
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    loop {
                        let name = tokio::select! {
                            _ = streams.0.recv() => "SIGTERM",
                            _ = streams.1.recv() => "SIGINT",
                        };
                        // A second signal while the first is obeyed changes nothing.
                        if tell.try_send(name).is_err() {
                            tracing::info!(signal = name, "already stopping");
                        }
                    }
                });
            })?;
        Ok(Self { heard })
    }

    /// The next signal, waiting at most `limit`.
    pub(crate) fn wait(&self, limit: Duration) -> Option<&'static str> {
        match self.heard.recv_timeout(limit) {
            Ok(name) => Some(name),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some("the end of the signal thread"),
        }
    }
}
