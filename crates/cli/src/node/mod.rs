//! A running node: its directory, its roles, the watch over them.

mod directory;
mod edge;
mod kept;
mod run;
mod shown;
mod signals;
mod stages;
mod status;
mod voice;

pub(crate) use directory::log_dir;
pub(crate) use edge::wall_seconds;
pub(crate) use run::run;
