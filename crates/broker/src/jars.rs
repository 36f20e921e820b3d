//! Where Kafka's jars are, and how they come there: fetched once by Maven, for all processes of a machine
//! that build in the same target directory.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POM: &str = include_str!("../../../deploy/kafka/pom.xml");
/// Written last: what stands beside it is whole.
const COMPLETE: &str = "complete";

/// The directory with the jars; fetches them when they are not there yet.
///
/// `SPILLWAY_KAFKA_LIBS` names a directory that somebody else has filled.
///
/// # Errors
/// Maven is missing or fails, with what it said.
pub(crate) fn directory() -> io::Result<PathBuf> {
    if let Some(given) = std::env::var_os("SPILLWAY_KAFKA_LIBS") {
        return Ok(PathBuf::from(given));
    }
    let home = target().join(format!("kafka-{:016x}", fnv(POM.as_bytes())));
    let libs = home.join("libs");
    if libs.join(COMPLETE).exists() {
        return Ok(libs);
    }
    std::fs::create_dir_all(&home)?;
    // One process fetches, the others wait for it.
    let lock = std::fs::File::create(home.join("lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
    if !libs.join(COMPLETE).exists() {
        fetch(&home, &libs)?;
        std::fs::write(libs.join(COMPLETE), "")?;
    }
    Ok(libs)
}

fn fetch(home: &Path, libs: &Path) -> io::Result<()> {
    let pom = home.join("pom.xml");
    std::fs::write(&pom, POM)?;
    let said = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .arg("dependency:copy-dependencies")
        .arg(format!("-DoutputDirectory={}", libs.display()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("mvn cannot be started ({error}); `deploy/setup.sh broker` installs it"),
            )
        })?;
    if said.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&said.stdout);
    let lines: Vec<&str> = text.lines().take(8).collect();
    Err(io::Error::other(format!(
        "mvn could not fetch Kafka's jars: {}",
        lines.join("; ")
    )))
}

/// The build's target directory: that of the running binary, else the workspace's.
pub(crate) fn target() -> PathBuf {
    let running = std::env::current_exe().ok();
    let above = running.as_deref().and_then(|exe| {
        exe.ancestors()
            .find(|dir| dir.join("CACHEDIR.TAG").exists())
    });
    above.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        Path::to_path_buf,
    )
}

/// FNV-1a: another list of packages is another directory.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
