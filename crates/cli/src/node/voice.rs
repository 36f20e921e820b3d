//! What the node says of itself in the log: HELLO until it is durable, then PROGRESS every second while it takes
//! callbacks, BYE at the end. Brokers that are away keep it silent, never from working.

use crate::failure::{Failure, io};
use crate::log::Held;
use control::presence::Presence;
use ingress::Ingress;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it speaks.
const EVERY: Duration = Duration::from_secs(1);

/// Everything that the voice speaks of.
pub(super) struct Words {
    pub(super) presence: Presence,
    pub(super) roles: Vec<String>,
    /// Address of the admin API, where other nodes send whoever asks for the coordinator.
    pub(super) admin: String,
    pub(super) held: Arc<Held>,
    /// Weak: whoever stops ingress must not wait for a word that the log does not take.
    pub(super) ingress: Option<Weak<Ingress>>,
}

/// The thread that speaks.
pub(super) struct Voice {
    words: Arc<Words>,
    greeted: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Words {
    fn hello(&self) -> Result<(), msglog::LogError> {
        self.presence.hello(&self.roles, &self.admin).map(drop)
    }

    /// Speaks once; whether the node has greeted.
    fn speak(&self, has_greeted: bool) -> Result<bool, msglog::LogError> {
        if !has_greeted {
            self.hello()?;
        }
        if let Some(ingress) = &self.ingress {
            let median = ingress
                .upgrade()
                .and_then(|ingress| ingress.median_create_time());
            self.presence.progress(self.held.backlog(), median)?;
        }
        Ok(true)
    }
}

impl Voice {
    /// Greets, and goes on speaking. With a log that comes back by itself the greeting may come later.
    ///
    /// # Errors
    /// The greeting failed for good, or the system has no thread.
    pub(super) fn start(words: Words) -> Result<Self, Failure> {
        let greeting = if words.held.is_away() {
            Ok(false)
        } else {
            words.hello().map(|()| true)
        };
        let greeted = match greeting {
            Ok(greeted) => greeted,
            Err(error) if words.held.comes_back() => {
                tracing::warn!(%error, "the node cannot greet yet");
                false
            }
            Err(error) => return Err(error.into()),
        };
        let words = Arc::new(words);
        let greeted = Arc::new(AtomicBool::new(greeted));
        let stop = Arc::new(AtomicBool::new(false));
        let (speaker, said, ended) = (words.clone(), greeted.clone(), stop.clone());
        let run = move || {
            let mut is_failing = false;
            while !ended.load(Ordering::Acquire) {
                let spoken = speaker.speak(said.load(Ordering::Acquire));
                if let (Err(error), false) = (&spoken, is_failing) {
                    tracing::warn!(%error, "the node cannot say how it is");
                }
                is_failing = spoken.is_err();
                said.fetch_or(spoken.unwrap_or(false), Ordering::AcqRel);
                std::thread::park_timeout(EVERY);
            }
        };
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(run)
            .map_err(io("start the progress thread"))?;
        Ok(Self {
            words,
            greeted,
            stop,
            thread,
        })
    }

    /// Asks it to fall silent; [`Voice::end`] waits for that.
    pub(super) fn hush(&self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
    }

    /// Says BYE once it is silent, unless records are left in the spool: then the node stays a member, and its
    /// next boot owns them.
    pub(super) fn end(self, left: u64) {
        self.hush();
        drop(self.thread.join());
        if !self.greeted.load(Ordering::Acquire) || self.words.held.is_away() {
            return;
        }
        match self.words.presence.bye(left) {
            Ok(Some(_)) => {}
            Ok(None) => tracing::warn!(left, "no goodbye while records are left in the spool"),
            Err(error) => tracing::warn!(%error, "the node could not say goodbye"),
        }
    }
}
