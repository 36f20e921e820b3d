//! Processes under test or at work: started, listened to, ended; killed when dropped. What a node is stands in
//! [`crate::node`].

use crate::failure::{Failure, tried};
use crate::machine::cpu_s;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longest wait for a process to start, or to end.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// How often a waiting benchmark looks.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// A process that says on its standard output where it listens.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
}

impl Server {
    /// Starts it and listens to its standard output.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Failure> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(tried(format!("start {command:?}")))?;
        let Some(stdout) = child.stdout.take() else {
            return Err(Failure::away("a child process has no standard output"));
        };
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// The bare echo.
    pub(crate) fn echo() -> Result<(Self, SocketAddr), Failure> {
        let program = std::env::current_exe().map_err(tried("find this program"))?;
        let server = Self::spawn(Command::new(program).arg("echo-server"))?;
        let line = server.line(|line| line.starts_with("echo http://"))?;
        Ok((server, address(&line)?))
    }

    /// The next line that `wanted` takes.
    pub(crate) fn line(&self, wanted: impl Fn(&str) -> bool) -> Result<String, Failure> {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) if wanted(&line) => return Ok(line),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::away(
                        "a child process did not start within a minute",
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::away(
                        "a child process ended before it listened; its errors stand above",
                    ));
                }
            }
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Processor time so far, in seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        cpu_s(self.pid())
    }

    /// SIGTERM, and the wait for exit 0.
    pub(crate) fn terminate(mut self) -> Result<(), Failure> {
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).map_err(tried("end a child process"))?;
        }
        let deadline = Instant::now() + LIMIT;
        loop {
            match self
                .child
                .try_wait()
                .map_err(tried("wait for a child process"))?
            {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(Failure::away(format!("a node ended with {status}"))),
                None if Instant::now() >= deadline => {
                    return Err(Failure::away(
                        "a node did not end within a minute of SIGTERM",
                    ));
                }
                None => std::thread::sleep(LOOK),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The address in a line such as `admin http://127.0.0.1:8081`.
pub(crate) fn address(line: &str) -> Result<SocketAddr, Failure> {
    let text = line.split_once("http://").map_or("", |(_, rest)| rest);
    let text = text.split('/').next().unwrap_or("");
    text.parse().map_err(|_| {
        Failure::away(format!(
            "a child process said {line:?}, which names no address"
        ))
    })
}

/// Runs a command that must succeed; what it printed.
pub(crate) fn succeed(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(tried(format!("run {command:?}")))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::away(format!(
            "{command:?} ended with {}: {errors}",
            output.status
        )));
    }
    String::from_utf8(output.stdout).map_err(tried("read what a command printed"))
}
