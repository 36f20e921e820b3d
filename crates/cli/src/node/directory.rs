//! The node's directory: where everything stands that it writes, and who it is.

use crate::failure::{Failure, io};
use record::hexed::Hex;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where the log of a node stands.
pub(crate) fn log_dir(data: &Path) -> PathBuf {
    data.join("log")
}

/// Where the stages keep their state: caches of the log, each may be deleted at any time.
pub(crate) fn state_dir(data: &Path) -> PathBuf {
    data.join("state")
}

/// The id of the node: made with its directory, the same at each start.
///
/// # Errors
/// The file cannot be read or written, or holds something else.
pub(crate) fn node_id(data: &Path) -> Result<Hex<8>, Failure> {
    let path = data.join("node");
    match std::fs::read_to_string(&path) {
        Ok(text) => Hex::parse(text.trim()).ok_or_else(|| {
            Failure::wrong(format!(
                "{} holds no node id; restore it, or take another --data",
                path.display()
            ))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = random_id()?;
            let mut file =
                std::fs::File::create_new(&path).map_err(io(format!("make {}", path.display())))?;
            writeln!(file, "{id}")
                .and_then(|()| file.sync_all())
                .map_err(io(format!("write {}", path.display())))?;
            Ok(id)
        }
        Err(error) => Err(io(format!("read {}", path.display()))(error)),
    }
}

/// The installation's key: `contest.key` in the node's directory, 64 hexadecimal digits; made when it is not there.
/// Every node that may coordinate must have the same one.
///
/// # Errors
/// The file cannot be read or written, or holds something else.
pub(crate) fn contest_key(data: &Path) -> Result<coordinator::Key, Failure> {
    let path = data.join("contest.key");
    match std::fs::read_to_string(&path) {
        Ok(text) => Hex::parse(text.trim())
            .map(|Hex(bytes)| coordinator::Key(bytes))
            .ok_or_else(|| {
                Failure::wrong(format!(
                    "{} holds no key of 64 hexadecimal digits; restore it: the secrets of campaigns that are \
                     published open with it alone",
                    path.display()
                ))
            }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes)
                .map_err(|error| Failure::away(format!("the system has no randomness: {error}")))?;
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(io(format!("make {}", path.display())))?;
            writeln!(file, "{}", Hex(bytes))
                .and_then(|()| file.sync_all())
                .map_err(io(format!("write {}", path.display())))?;
            Ok(coordinator::Key(bytes))
        }
        Err(error) => Err(io(format!("read {}", path.display()))(error)),
    }
}

/// Eight random bytes: a node's id, or that of a boot.
///
/// # Errors
/// The system has no randomness.
pub(crate) fn random_id() -> Result<Hex<8>, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::away(format!("the system has no randomness: {error}")))?;
    Ok(Hex(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let key = contest_key(dir.path()).unwrap();
        assert_eq!(contest_key(dir.path()).unwrap(), key);
        let path = dir.path().join("contest.key");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert_eq!(
            contest_key(dir.path()).unwrap_err().code,
            crate::failure::WRONG
        );
    }

    #[test]
    fn a_node_keeps_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let id = node_id(dir.path()).unwrap();
        assert_eq!(node_id(dir.path()).unwrap(), id);
        std::fs::write(dir.path().join("node"), "not hex").unwrap();
        assert_eq!(node_id(dir.path()).unwrap_err().code, crate::failure::WRONG);
    }
}
