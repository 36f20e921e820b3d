//! What a node says of itself: HELLO and BYE in `control`, PROGRESS and SEAL_ACK in `progress`.

use crate::durable;
use bytes::Bytes;
use msglog::{Appender, Log, LogError, NewRecord};
use record::SCHEMA_VERSION;
use record::acts::{Act, Hello, Progress};
use record::hexed::Hex;
use record::rounds::SealAck;
use record::topics::{CONTROL, PROGRESS};
use std::sync::Arc;
use std::time::Duration;

/// How long a greeting may take to become durable.
const GREETING_LIMIT: Duration = Duration::from_secs(5);

/// A node with its ids and its two appenders.
pub struct Presence {
    node: Hex<8>,
    boot: Hex<8>,
    control: Arc<dyn Appender>,
    progress: Arc<dyn Appender>,
}

impl Presence {
    /// The voice of this node.
    ///
    /// # Errors
    /// The log has no control or progress topic.
    pub fn new(log: &dyn Log, node: Hex<8>, boot: Hex<8>) -> Result<Self, LogError> {
        Ok(Self {
            node,
            boot,
            control: log.appender(CONTROL)?,
            progress: log.appender(PROGRESS)?,
        })
    }

    /// The node's id.
    #[must_use]
    pub fn node(&self) -> Hex<8> {
        self.node
    }

    /// Says HELLO and waits until it is durable.
    ///
    /// # Errors
    /// The append failed.
    pub fn hello(&self, roles: &[String], admin: &str) -> Result<u64, LogError> {
        let hello = Hello {
            v: SCHEMA_VERSION,
            node: self.node,
            boot: self.boot,
            roles: roles.to_vec(),
            admin: admin.to_owned(),
        };
        say(&*self.control, &Act::Hello(hello))
    }

    /// Says BYE: stopped cleanly, nothing left in a spool. With `spool` records left nothing is said
    /// and `None` returned: the node stays a member, and its next boot owns what it has left.
    ///
    /// # Errors
    /// The append failed.
    pub fn bye(&self, spool: u64) -> Result<Option<u64>, LogError> {
        if spool > 0 {
            return Ok(None);
        }
        let (v, node) = (SCHEMA_VERSION, self.node);
        say(&*self.control, &Act::Bye { v, node }).map(Some)
    }

    /// Says PROGRESS of the last second; `spool`: records that stand only in this node's spool.
    ///
    /// # Errors
    /// The append failed.
    pub fn progress(&self, spool: u64, median_create_time: Option<i64>) -> Result<u64, LogError> {
        let progress = Progress {
            v: SCHEMA_VERSION,
            node: self.node,
            boot: self.boot,
            spool,
            median_create_time,
        };
        say(&*self.progress, &Act::Progress(progress))
    }

    /// Says SEAL_ACK: everything that this node had taken when it read the request at offset `ctl` of `control` is
    /// durable in the log.
    ///
    /// # Errors
    /// The append failed.
    pub fn seal_ack(&self, ctl: u64) -> Result<u64, LogError> {
        let ack = SealAck {
            v: SCHEMA_VERSION,
            node: self.node,
            boot: self.boot,
            ctl,
        };
        say(&*self.progress, &Act::SealAck(ack))
    }
}

/// Appends one act to the single partition behind `appender`, waits, and returns its offset.
///
/// # Errors
/// The append failed, or took longer than five seconds.
pub fn say(appender: &dyn Appender, act: &Act) -> Result<u64, LogError> {
    let offset = say_all(appender, std::slice::from_ref(act))?;
    offset.ok_or_else(|| LogError::Away {
        detail: "a word was not proved to stand in the log itself".to_owned(),
    })
}

/// Appends acts to the single partition behind `appender`, in their order, waits, and returns the offset of the
/// last one; `None` without any.
///
/// # Errors
/// An append failed, or they took longer than five seconds; the first of them may stand.
pub fn say_all(appender: &dyn Appender, acts: &[Act]) -> Result<Option<u64>, LogError> {
    let record = |act: &Act| {
        let value = serde_json::to_vec(act).map_err(|error| LogError::Io {
            what: "write a control record".to_owned(),
            detail: error.to_string(),
            code: None,
        })?;
        Ok(NewRecord {
            partition: 0,
            key: Bytes::new(),
            value: Bytes::from(value),
        })
    };
    let records = acts
        .iter()
        .map(record)
        .collect::<Result<Vec<_>, LogError>>()?;
    let proofs = durable::append(appender, records, GREETING_LIMIT)?;
    Ok(proofs.last().and_then(|proof| proof.offset()))
}
