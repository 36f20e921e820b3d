//! What the node says of itself in the log: HELLO until it is durable, then PROGRESS every second while it takes
//! callbacks and SEAL_ACK when a seal asks for it, BYE at the end. Brokers that are away keep it silent, never from working.

use crate::failure::{Failure, io};
use crate::log::Held;
use control::Control;
use control::presence::Presence;
use ingress::{Ingress, SealAcks};
use msglog::LogError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it speaks.
const EVERY: Duration = Duration::from_secs(1);
/// How often it looks whether a seal asks for it: results wait for the answer.
const LOOK: Duration = Duration::from_millis(100);

/// Everything that the voice speaks of.
pub(super) struct Words {
    pub(super) presence: Presence,
    pub(super) roles: Vec<String>,
    /// Address of the admin API, where other nodes send whoever asks for the coordinator.
    pub(super) admin: String,
    pub(super) held: Arc<Held>,
    pub(super) control: Arc<Control>,
    /// Weak: whoever stops ingress must not wait for a word that the log does not take.
    pub(super) ingress: Option<Weak<Ingress>>,
}

/// The thread that speaks.
pub(super) struct Voice {
    words: Arc<Words>,
    /// The offset in `control` behind the last greeting; 0 before the first.
    greeted: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Words {
    /// Greets; the offset in `control` behind the greeting, which is never 0.
    fn hello(&self) -> Result<u64, LogError> {
        let offset = self.presence.hello(&self.roles, &self.admin)?;
        Ok(offset.saturating_add(1))
    }

    /// Whether a seal has gone on without this node, which was silent, since it greeted: seals to come must wait for
    /// it again. What control says is older than a greeting that it has not been read to.
    fn is_retired(&self, greeted: u64) -> bool {
        let state = self.control.state();
        let node = state.nodes().get(&self.presence.node());
        state.next_offset() >= greeted && node.is_some_and(|node| node.retired)
    }

    /// Speaks once, and greets first if it has not, or was retired.
    fn speak(&self, greeted: &AtomicU64) -> Result<(), LogError> {
        let behind = greeted.load(Ordering::Acquire);
        if behind == 0 || self.is_retired(behind) {
            greeted.store(self.hello()?, Ordering::Release);
        }
        if let Some(ingress) = &self.ingress {
            let median = ingress
                .upgrade()
                .and_then(|ingress| ingress.median_create_time());
            self.presence.progress(self.held.backlog(), median)?;
        }
        Ok(())
    }

    /// Confirms to open seals what is due. Ingress is asked before the log is, which may take its time.
    fn answer_seals(&self, acks: &mut SealAcks) -> Result<(), LogError> {
        let ingress = self.ingress.as_ref().and_then(Weak::upgrade);
        let (Some(ingress), true) = (ingress, self.control.caught_up()) else {
            return Ok(());
        };
        let asked = ingress::asked(&self.control.state(), self.presence.node());
        let due = acks.due(&asked, &ingress, Instant::now());
        drop(ingress);
        for ctl in due {
            self.presence.seal_ack(ctl)?;
            acks.said(ctl, Instant::now());
        }
        Ok(())
    }
}

/// Speaks until it is told to end.
fn run(words: &Words, greeted: &AtomicU64, ended: &AtomicBool) {
    let ingress = words.ingress.as_ref().and_then(Weak::upgrade);
    let mut acks = ingress.map(|ingress| ingress.seal_acks());
    let mut is_failing = false;
    let mut next = Instant::now();
    while !ended.load(Ordering::Acquire) {
        let (was_failing, is_due) = (is_failing, Instant::now() >= next);
        let mut spoken = Ok(());
        if is_due {
            next = Instant::now() + EVERY;
            spoken = words.speak(greeted);
            is_failing = spoken.is_err();
        }
        // A log that does not take the one word would not take the other.
        if let (Some(acks), false) = (&mut acks, is_failing) {
            spoken = words.answer_seals(acks);
            is_failing = spoken.is_err();
        }
        if let (Err(error), false) = (&spoken, was_failing) {
            tracing::warn!(%error, "the node cannot say how it is");
        }
        std::thread::park_timeout(LOOK);
    }
}

impl Voice {
    /// What its thread is called.
    pub(super) const NAME: &str = "progress";

    /// Whether its thread has ended; unasked, that is a broken invariant.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Greets, and goes on speaking. With a log that comes back by itself the greeting may come later.
    ///
    /// # Errors
    /// The greeting failed for good, or the system has no thread.
    pub(super) fn start(words: Words) -> Result<Self, Failure> {
        let greeting = if words.held.is_away() {
            Ok(0)
        } else {
            words.hello()
        };
        let greeted = match greeting {
            Ok(greeted) => greeted,
            Err(error) if words.held.comes_back() => {
                tracing::warn!(%error, "the node cannot greet yet");
                0
            }
            Err(error) => return Err(error.into()),
        };
        let words = Arc::new(words);
        let greeted = Arc::new(AtomicU64::new(greeted));
        let stop = Arc::new(AtomicBool::new(false));
        let (speaker, said, ended) = (words.clone(), greeted.clone(), stop.clone());
        let thread = std::thread::Builder::new()
            .name(Self::NAME.to_owned())
            .spawn(move || run(&speaker, &said, &ended))
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
        if self.greeted.load(Ordering::Acquire) == 0 || self.words.held.is_away() {
            return;
        }
        match self.words.presence.bye(left) {
            Ok(Some(_)) => {}
            Ok(None) => tracing::warn!(left, "no goodbye while records are left in the spool"),
            Err(error) => tracing::warn!(%error, "the node could not say goodbye"),
        }
    }
}
