//! Who may act: a bearer token per actor, in files that only the owner may read.
//!
//! `DATA/admin.token` is the token of `operator`, made at the first start. A further actor NAME has
//! `DATA/actors/NAME.token`.

use crate::failure::{Failure, io};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Name of the file with the operator's token.
pub(crate) const TOKEN_FILE: &str = "admin.token";
/// The actor that [`TOKEN_FILE`] stands for.
const OPERATOR: &str = "operator";
/// Longest token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 512;

/// The tokens of a data directory; read again at each use, so that an actor can be added or removed
/// while the node runs.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    data: PathBuf,
}

impl Tokens {
    /// Makes the operator's token when there is none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn prepare(data: &Path) -> Result<Self, Failure> {
        let path = data.join(TOKEN_FILE);
        let mut random = [0_u8; 24];
        getrandom::fill(&mut random).map_err(|error| {
            Failure::away(format!("no randomness for the admin token: {error}"))
        })?;
        let open = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match open {
            Ok(mut file) => writeln!(file, "{}", record::hexed::encode(&random))
                .and_then(|()| file.sync_all())
                .map_err(io(format!("write {}", path.display())))?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io(format!("make {}", path.display()))(error)),
        }
        Ok(Self {
            data: data.to_path_buf(),
        })
    }

    /// The actor that presents this token.
    pub(crate) fn actor(&self, presented: &str) -> Option<String> {
        if presented.is_empty() || presented.len() > LONGEST_TOKEN {
            return None;
        }
        let mut actor = None;
        for (name, path) in self.files() {
            let token = std::fs::read_to_string(path).unwrap_or_default();
            if !token.trim().is_empty() && same(token.trim(), presented) {
                actor = Some(name);
            }
        }
        actor
    }

    fn files(&self) -> Vec<(String, PathBuf)> {
        let mut files = vec![(OPERATOR.to_owned(), self.data.join(TOKEN_FILE))];
        let actors = std::fs::read_dir(self.data.join("actors"))
            .into_iter()
            .flatten()
            .flatten();
        for entry in actors {
            let path = entry.path();
            if let (Some(name), Some("token")) = (
                path.file_stem().and_then(|s| s.to_str()),
                path.extension().and_then(|s| s.to_str()),
            ) {
                files.push((name.to_owned(), path.clone()));
            }
        }
        files
    }
}

/// Compares digests, so that the time taken says nothing of the token.
fn same(a: &str, b: &str) -> bool {
    record::identity::sha256(a.as_bytes()) == record::identity::sha256(b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_first_start_makes_a_private_token_and_later_ones_keep_it() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::prepare(dir.path()).unwrap();
        let path = dir.path().join(TOKEN_FILE);
        let token = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        Tokens::prepare(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), token);
        assert_eq!(tokens.actor(token.trim()).as_deref(), Some("operator"));
        assert_eq!(tokens.actor("wrong"), None);
        assert_eq!(tokens.actor(""), None);
    }

    #[test]
    fn every_actor_has_a_token_of_his_own() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::prepare(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join("actors")).unwrap();
        std::fs::write(dir.path().join("actors/ann.token"), "secret-of-ann\n").unwrap();
        assert_eq!(tokens.actor("secret-of-ann").as_deref(), Some("ann"));
    }
}
