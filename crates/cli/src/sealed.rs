//! Small files that are there whole or not at all: a checksum on the first line, the text behind it. What the text
//! says is the affair of whoever keeps it.

use record::hexed::encode;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::Path;

/// Largest file that is read: the campaigns of a season.
const BYTES_MAX: u64 = 64 << 20;

/// Replaces the file, durably: a crash leaves the old one or the new one.
///
/// # Errors
/// The disk refuses.
pub(crate) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    writeln!(file, "{}", checksum(text))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent() {
        Some(dir) => std::fs::File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// The text of the file; `None` when there is no such file.
///
/// # Errors
/// It cannot be read, or is not what was written; for people.
pub(crate) fn read(path: &Path) -> Result<Option<String>, String> {
    let name = path.display();
    let size = match std::fs::metadata(path) {
        Ok(meta) => meta.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{name} cannot be read: {error}")),
    };
    if size > BYTES_MAX {
        return Err(format!("{name} has {size} bytes, which is too many"));
    }
    let whole =
        std::fs::read_to_string(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    match whole.split_once('\n') {
        Some((sum, text)) if sum == checksum(text) => Ok(Some(text.to_owned())),
        _ => Err(format!("{name} is damaged")),
    }
}

fn checksum(text: &str) -> String {
    format!("sha256 {}", encode(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_was_changed_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("facts");
        assert_eq!(read(&path), Ok(None));
        write(&path, "one\ntwo\n").unwrap();
        write(&path, "three\nfour").unwrap();
        assert_eq!(read(&path), Ok(Some("three\nfour".to_owned())));
        let bytes = std::fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(read(&path).is_err(), "cut at {cut}");
            let mut flipped = bytes.clone();
            flipped[cut] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(read(&path).is_err(), "flipped at {cut}");
        }
    }
}
