//! The node's directory: where everything stands that it writes, and who it is.

use crate::failure::{Failure, io};
use record::hexed::Hex;
use std::io::Write as _;
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
    fn a_node_keeps_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let id = node_id(dir.path()).unwrap();
        assert_eq!(node_id(dir.path()).unwrap(), id);
        std::fs::write(dir.path().join("node"), "not hex").unwrap();
        assert_eq!(node_id(dir.path()).unwrap_err().code, crate::failure::WRONG);
    }
}
