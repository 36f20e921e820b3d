//! Addresses as people write them: HOST:PORT, where HOST may be a name.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

/// Longest text that is taken for an address, in bytes: a name of the longest kind and a port.
const LONGEST: usize = 262;

/// Whether a text is HOST:PORT with a port above 0. An IPv6 address stands in brackets.
pub(crate) fn is_host_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_whole = !bare.is_empty() && !host.contains(['/', ',', ' ', '@']);
        is_whole && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// HOST:PORT of what is HOST or HOST:PORT, with `port` where none is named. Nothing for what is neither, or an
/// address that nobody can be sent to, such as 0.0.0.0.
pub(crate) fn completed(text: &str, port: u16) -> Option<String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let whole = match bare.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, port).to_string(),
        Err(_) if text.contains(':') => text.to_owned(),
        Err(_) => format!("{text}:{port}"),
    };
    let is_nobody = whole
        .parse::<SocketAddr>()
        .is_ok_and(|address| address.ip().is_unspecified());
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let is_sound = whole.len() <= LONGEST && whole.chars().all(fits) && is_host_port(&whole);
    (is_sound && !is_nobody).then_some(whole)
}

/// The first address of HOST:PORT, an IPv4 one if there is one. Blocks while a name is looked up.
///
/// # Errors
/// It is no HOST:PORT, or nobody knows the name; for people.
pub(crate) fn resolve(text: &str) -> Result<SocketAddr, String> {
    if !is_host_port(text) {
        return Err("it is no HOST:PORT, such as 127.0.0.1:8081".to_owned());
    }
    let mut found: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| format!("it cannot be looked up: {error}"))?
        .collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    let first = found.first().copied();
    first.ok_or_else(|| "the name has no address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gets_the_port_that_it_does_not_name() {
        for (text, whole) in [
            ("10.1.2.3", "10.1.2.3:8081"),
            ("10.1.2.3:9", "10.1.2.3:9"),
            ("fd00::1", "[fd00::1]:8081"),
            ("[fd00::1]", "[fd00::1]:8081"),
            ("[fd00::1]:9", "[fd00::1]:9"),
            ("coordinator", "coordinator:8081"),
            ("node-1.example.com:9", "node-1.example.com:9"),
        ] {
            assert_eq!(completed(text, 8081).as_deref(), Some(whole), "{text}");
        }
    }

    #[test]
    fn what_leads_to_nobody_is_no_address() {
        let long = "a".repeat(300);
        for text in [
            "",
            ":8081",
            "host:0",
            "host:99999",
            "http://host:8081",
            "two hosts",
            "a,b",
            "0.0.0.0",
            "0.0.0.0:8081",
            "[::]:8081",
            "::",
            "主机",
            &long,
        ] {
            assert_eq!(completed(text, 8081), None, "{text}");
        }
    }

    #[test]
    fn names_are_looked_up_and_the_older_address_goes_first() {
        let found = resolve("localhost:8081").unwrap();
        assert_eq!(found, SocketAddr::from(([127, 0, 0, 1], 8081)));
        assert_eq!(resolve("[::1]:9").unwrap().to_string(), "[::1]:9");
        assert!(resolve("localhost").unwrap_err().contains("HOST:PORT"));
        assert!(resolve("nobody.invalid:1").is_err());
    }
}
