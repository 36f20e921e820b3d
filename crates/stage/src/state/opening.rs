//! Opening a RocksDB directory whatever it looks like, and the stamp that says it is whole.

use super::meta::Identity;
use super::options::{Budget, database, family};
use crate::error::StateError;
use rocksdb::{ColumnFamilyDescriptor, DB, DEFAULT_COLUMN_FAMILY_NAME, Error, ErrorKind};
use std::path::Path;

/// Beside RocksDB's own files: says that the directory is whole, and whose it is since when.
pub(super) const STAMP: &str = "stage.stamp";

/// A database, and the families that it had when it was opened.
pub(super) type Opened = (DB, Vec<String>);

/// Opens what is there. State is only a cache: what is corrupt is thrown away.
pub(super) fn open_or_start_over(dir: &Path, budget: &Budget) -> Result<Opened, StateError> {
    match open(dir, budget) {
        Ok(db) => Ok(db),
        Err(error) if error.kind() == ErrorKind::Corruption || is_missing(&error) => {
            tracing::error!(dir = %dir.display(), %error, "stored state is damaged, it is rebuilt from the log");
            start_over(dir, budget)
        }
        Err(error) => Err(failed(dir, "opening", error)),
    }
}

fn is_missing(error: &Error) -> bool {
    error.as_ref().contains("No such file or directory")
}

/// Deletes RocksDB's files, and nobody else's, and opens an empty database.
pub(super) fn start_over(dir: &Path, budget: &Budget) -> Result<Opened, StateError> {
    DB::destroy(&database(budget), dir).map_err(|e| failed(dir, "discarding", e))?;
    std::fs::create_dir_all(dir).map_err(|e| failed(dir, "creating the directory", e))?;
    open(dir, budget).map_err(|e| failed(dir, "opening", e))
}

fn open(dir: &Path, budget: &Budget) -> Result<Opened, Error> {
    let options = database(budget);
    let names = match dir.join("CURRENT").exists() {
        true => DB::list_cf(&options, dir)?,
        false => vec![DEFAULT_COLUMN_FAMILY_NAME.to_owned()],
    };
    let families = names
        .iter()
        .map(|name| ColumnFamilyDescriptor::new(name, family(budget)));
    Ok((DB::open_cf_descriptors(&options, dir, families)?, names))
}

/// Writes the stamp with a number that no other opening has.
pub(super) fn write_stamp(dir: &Path, owner: &Identity) -> Result<String, StateError> {
    let mut nonce = [0_u8; 8];
    getrandom::fill(&mut nonce).map_err(|e| failed(dir, "drawing a number", e))?;
    let opening = u64::from_be_bytes(nonce);
    let stamp = format!(
        "stage {} of log {}, step {}, opening {opening:016x}\n",
        owner.fold, owner.log, owner.step
    );
    let fresh = dir.join("stage.stamp.new");
    std::fs::write(&fresh, &stamp)
        .and_then(|()| std::fs::rename(&fresh, dir.join(STAMP)))
        .map_err(|e| failed(dir, "writing the stamp", e))?;
    Ok(stamp)
}

/// An error of this directory.
pub(super) fn failed(dir: &Path, what: &'static str, error: impl std::fmt::Display) -> StateError {
    StateError::Store {
        place: dir.display().to_string(),
        what,
        detail: error.to_string(),
    }
}
