//! A stage on a thread of its own.

use crate::clock::Stop;
use crate::fold::Fold;
use crate::runner::Runner;
use crate::status::StageStatus;
use std::thread::JoinHandle;

/// A running stage. Dropping it asks it to stop and waits until it has.
pub struct StageHandle {
    stop: Stop,
    status: StageStatus,
    thread: Option<JoinHandle<()>>,
}

impl StageHandle {
    /// Starts a runner on a thread that bears the stage's name.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn spawn<F>(mut runner: Runner<F>) -> std::io::Result<Self>
    where
        F: Fold + 'static,
    {
        let (stop, status) = (runner.stop(), runner.status());
        let thread = std::thread::Builder::new()
            .name(runner.name().to_owned())
            .spawn(move || runner.run())?;
        Ok(Self {
            stop,
            status,
            thread: Some(thread),
        })
    }

    /// Its status, shared.
    #[must_use]
    pub fn status(&self) -> &StageStatus {
        &self.status
    }

    /// Asks it to end in order; does not wait.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// Whether its thread has ended; unasked, that is a broken invariant.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Asks it to end and waits until it has; whether it ended without a panic.
    pub fn join(mut self) -> bool {
        self.end()
    }

    fn end(&mut self) -> bool {
        self.stop.stop();
        self.thread
            .take()
            .is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for StageHandle {
    fn drop(&mut self) {
        self.end();
    }
}
