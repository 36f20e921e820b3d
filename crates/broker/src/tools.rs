//! Programs of this machine that only tests need: readers of the files in `deploy/`.

use crate::jars::target;
use std::io;
use std::path::{Path, PathBuf};

/// Where servers lie that are not on everybody's path.
const BESIDE_THE_PATH: [&str; 2] = ["/usr/sbin", "/sbin"];

/// A program by its name: from the path, or from `target/tools`, where `deploy/setup.sh tests` puts what is not to be
/// installed.
///
/// # Errors
/// It is not there, with the way out.
pub fn tool(name: &str) -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_the_path = std::env::split_paths(&path);
    let beside = BESIDE_THE_PATH.iter().map(PathBuf::from);
    let mut places = on_the_path.chain(beside).chain([target().join("tools")]);
    let found = places.find_map(|directory| at(&directory, name));
    found.ok_or_else(|| {
        let why = format!("{name} is not on this machine; `deploy/setup.sh tests` brings it");
        io::Error::new(io::ErrorKind::NotFound, why)
    })
}

fn at(directory: &Path, name: &str) -> Option<PathBuf> {
    let file = directory.join(name);
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_found_by_its_name_or_named_with_the_way_out() {
        assert!(tool("sh").unwrap().ends_with("sh"));
        let missing = tool("no-such-tool-of-ours").unwrap_err().to_string();
        assert!(missing.contains("deploy/setup.sh tests"), "{missing}");
    }
}
