//! The log by its backend: the one place that knows that there are two. A running node holds a [`Held`], commands
//! that read history a [`Reading`].

mod facts;
mod held;
mod layout;
mod reading;
mod topics;

pub(crate) use held::Held;
pub(crate) use reading::{Reading, Writing};
pub(crate) use topics::run as topics;

use std::path::{Path, PathBuf};

/// Where ingress on Kafka keeps what the brokers have not confirmed in time.
pub(crate) fn spool_dir(data: &Path) -> PathBuf {
    data.join("spool")
}
