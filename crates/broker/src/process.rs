//! One broker's process. It ends with its owner, however that ends: a shell between the two holds a pipe
//! from the owner and kills the broker when the pipe closes.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts what follows, says its number, waits for the pipe's end or the line that says it is dead.
const KEEPER: &str = r#"
log=$1; shift
"$@" >>"$log" 2>&1 </dev/null &
broker=$!
echo "$broker"
read -r _
kill -9 "$broker" 2>/dev/null
wait "$broker" 2>/dev/null
"#;

/// A clean stop of a broker may take this long before it is killed.
const CLEAN: Duration = Duration::from_secs(30);
/// A stopped process stands still within this time.
const STALL: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// See the module.
pub(crate) struct Process {
    keeper: Child,
    broker: Pid,
}

impl Process {
    /// Starts a command with its output appended to `log`.
    pub(crate) fn start(command: &[String], log: &Path) -> io::Result<Self> {
        File::options().create(true).append(true).open(log)?;
        let mut keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(log)
            .args(command)
            // A group of its own: Ctrl-C ends the owner, and must not end the shell that then ends the
            // broker (which, started in the background, would not hear it).
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(said) = keeper.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let number = line.trim().parse().ok().and_then(Pid::from_raw);
        let Some(broker) = number else {
            keeper.kill()?;
            keeper.wait()?;
            return Err(io::Error::other("the broker's process has no number"));
        };
        Ok(Self { keeper, broker })
    }

    /// Sends a signal to the broker.
    pub(crate) fn signal(&self, signal: Signal) {
        // A process that is gone needs none.
        kill_process(self.broker, signal).unwrap_or_default();
    }

    /// Stops every one of its threads and returns when they stand still. The signal alone only asks: a
    /// thread on the other processor may run, and answer, for a while yet.
    pub(crate) fn stall(&self) -> io::Result<()> {
        self.signal(Signal::STOP);
        let tasks = format!("/proc/{}/task", self.broker.as_raw_nonzero());
        let until = Instant::now() + STALL;
        while !std::fs::read_dir(&tasks)?
            .all(|task| task.is_ok_and(|task| stands_still(&task.path())))
        {
            if Instant::now() > until {
                return Err(io::Error::other("the broker does not stop"));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Whether it runs (stalled counts as running).
    pub(crate) fn is_running(&self) -> bool {
        let path = format!("/proc/{}", self.broker.as_raw_nonzero());
        state(Path::new(&path)).is_some_and(|state| !matches!(state, 'Z' | 'X'))
    }

    /// Ends it like a crash.
    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        self.reap();
    }

    /// Lets it end in order; kills it when that takes too long.
    pub(crate) fn terminate(self) {
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        let until = Instant::now() + CLEAN;
        while self.is_running() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        self.kill();
    }

    fn reap(mut self) {
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

/// The state letter of a process or thread by its directory under `/proc`; `None` when it is gone.
fn state(dir: &Path) -> Option<char> {
    let stat = std::fs::read_to_string(dir.join("stat")).ok()?;
    // The state follows the name, which stands in parentheses.
    stat.rsplit(')').next()?.trim_start().chars().next()
}

/// Whether a thread is stopped, or gone.
fn stands_still(task: &Path) -> bool {
    state(task).is_none_or(|state| matches!(state, 'T' | 't' | 'Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Vec<String> {
        vec!["/bin/sleep".to_owned(), "600".to_owned()]
    }

    #[test]
    fn a_killed_process_is_gone_and_reaped() {
        let dir = tempfile::tempdir().unwrap();
        let process = Process::start(&sleeper(), &dir.path().join("log")).unwrap();
        assert!(process.is_running());
        let path = format!("/proc/{}", process.broker.as_raw_nonzero());
        process.kill();
        assert!(!Path::new(&path).exists());
    }

    #[test]
    fn it_ends_when_its_owner_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Process::start(&sleeper(), &dir.path().join("log")).unwrap();
        // What the kernel does to the pipe of an owner that was killed.
        drop(process.keeper.stdin.take());
        process.keeper.wait().unwrap();
        assert!(!process.is_running());
    }
}
