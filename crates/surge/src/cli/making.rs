//! `surge generate`, `curve`, `inspect` and `oracle`: their arguments are the library's; here are only
//! printing and exit codes.

use super::{AWAY, Stop, TRUE, print};
use std::time::SystemTime;
use surge::profile::Profile;
use surge::{curve, generate, inspect, oracle};

#[derive(Debug, clap::Args)]
pub(super) struct CurveArgs {
    /// The profile.
    profile: Profile,
    /// Taken for symmetry with `generate`: arrivals do not depend on it.
    #[arg(long, default_value_t = surge::profile::DEFAULT_SEED)]
    seed: u64,
    /// Messages of the window.
    #[arg(long)]
    messages: Option<u64>,
}

pub(super) fn generate(args: &generate::Args) -> Result<u8, Stop> {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now_s = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let generated =
        generate::run(args, now_s).map_err(|error| Stop::new(error.exit_code(), error))?;
    let recording = &generated.manifest.recording;
    print(&format!(
        "{}: {} rows, {} bytes, SHA-256 {}\ndigest of the run: {}\n",
        generated.out.display(),
        recording.rows,
        recording.bytes,
        recording.sha256,
        generated.manifest.digest.sha256
    ));
    Ok(TRUE)
}

pub(super) fn curve(args: &CurveArgs) -> Result<u8, Stop> {
    let messages = args.messages.unwrap_or(args.profile.messages());
    let counts = curve::counts(args.profile, messages);
    print(
        &counts
            .iter()
            .map(|count| format!("{count}\n"))
            .collect::<String>(),
    );
    Ok(TRUE)
}

pub(super) fn inspect(args: &inspect::Args) -> Result<u8, Stop> {
    let inspection = inspect::run(args).map_err(|error| Stop::new(AWAY, error))?;
    print(&inspection.table());
    Ok(TRUE)
}

pub(super) fn oracle(args: &oracle::Args) -> Result<u8, Stop> {
    let manifest = oracle::run(args).map_err(|error| Stop::new(error.exit_code(), error))?;
    print(&format!(
        "{} messages of {} fans, digest {}\n",
        manifest.messages, manifest.fans, manifest.digest.sha256
    ));
    Ok(TRUE)
}
