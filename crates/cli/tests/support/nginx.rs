//! nginx itself with the files of `deploy/nginx`, in front of a test's nodes: ports, upstream and directories are the
//! test's, everything else is as shipped.

use super::{free_port, succeed, until};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Files that others include.
const INCLUDED: [&str; 2] = ["callback.conf", "log.conf"];
/// Where nginx would keep bodies that do not stay in memory.
const TEMPORARY: [&str; 5] = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/// A running nginx; ended when dropped.
pub(crate) struct Nginx {
    dir: TempDir,
    file: &'static str,
    child: Child,
    /// Where it takes callbacks in clear.
    pub(crate) listen: SocketAddr,
    /// Where it takes them by TLS, with `spillway.conf`.
    pub(crate) tls: SocketAddr,
}

impl Nginx {
    /// Starts it with `deploy/nginx/FILE` before these nodes.
    pub(crate) fn start(file: &'static str, nodes: &[SocketAddr]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (listen, tls) = (free_port(), free_port());
        certificate(dir.path());
        for included in INCLUDED {
            std::fs::write(dir.path().join(included), moved(dir.path(), included)).unwrap();
        }
        let temporary = TEMPORARY.map(|kind| {
            let path = dir.path().join(kind);
            format!("{kind}_temp_path {};", path.display())
        });
        // Workers of another user could not read a directory of this one.
        let main = format!(
            "daemon off; user {user}; worker_processes 1; pid {at}/pid; error_log {at}/error.log;\n\
             events {{ worker_connections 1024; }}\nhttp {{ {} include {at}/{file}; }}\n",
            temporary.concat(),
            user = std::env::var("USER").unwrap_or("root".to_owned()),
            at = dir.path().display(),
        );
        std::fs::write(dir.path().join("nginx.conf"), main).unwrap();
        write(dir.path(), file, [listen, tls], nodes);
        let child = nginx(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("nginx", || TcpStream::connect(listen).is_ok());
        Self {
            dir,
            file,
            child,
            listen,
            tls,
        }
    }

    /// From now on these nodes: the file is written and nginx told to reload it.
    pub(crate) fn reload(&self, nodes: &[SocketAddr]) {
        write(self.dir.path(), self.file, [self.listen, self.tls], nodes);
        succeed(nginx(self.dir.path()).args(["-s", "reload"]));
    }

    /// What it has written of the requests so far.
    pub(crate) fn access_log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("access.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers.
        drop(nginx(self.dir.path()).args(["-s", "stop"]).output());
        drop(self.child.wait());
    }
}

fn nginx(dir: &Path) -> Command {
    let mut command = Command::new(broker::tool("nginx").unwrap_or_else(|error| panic!("{error}")));
    command
        .arg("-e")
        .arg(dir.join("error.log"))
        .arg("-c")
        .arg(dir.join("nginx.conf"));
    command
}

fn shipped(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy/nginx")
        .join(file)
}

/// A file as shipped, for this directory.
fn moved(dir: &Path, file: &str) -> String {
    let at = dir.display().to_string();
    std::fs::read_to_string(shipped(file))
        .unwrap()
        .replace("/etc/nginx/spillway", &at)
        .replace("/var/log/nginx/spillway.log", &format!("{at}/access.log"))
        .replace("/dev/stdout", &format!("{at}/access.log"))
}

/// Writes the file with the test's ports and these nodes in the place of its own.
fn write(dir: &Path, file: &str, [listen, tls]: [SocketAddr; 2], nodes: &[SocketAddr]) {
    let servers: String = nodes
        .iter()
        .map(|node| format!("    server {node} max_fails=0;\n"))
        .collect();
    let mut text = String::new();
    for line in moved(dir, file).lines() {
        let words: Vec<&str> = line.trim().trim_end_matches(';').split(' ').collect();
        match words[..] {
            ["server", node, ..] if node != "{" => {}
            // Not every machine has IPv6.
            ["listen", port, ..] if port.starts_with('[') => {}
            ["listen", port, ref more @ ..] => {
                let address = if port == "443" { tls } else { listen };
                text.push_str(&format!("    listen {address} {};\n", more.join(" ")));
            }
            ["upstream", ..] => text.push_str(&format!("{line}\n{servers}")),
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    std::fs::write(dir.join(file), text).unwrap();
}

/// A certificate of nobody's, where `spillway.conf` looks for one.
fn certificate(dir: &Path) {
    succeed(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes"])
            .args(["-subj", "/CN=localhost", "-keyout"])
            .arg(dir.join("tls.key"))
            .arg("-out")
            .arg(dir.join("tls.crt")),
    );
}
