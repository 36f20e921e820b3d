//! nginx: the files' grammar, the values on which the five seconds rest, and what nginx itself says of them.

use crate::{text, tool, words};

/// WeChat waits so long, in milliseconds.
const WECHAT_MS: u64 = 5_000;
/// Spillway's budget, `ingress.ack_budget_ms`.
const BUDGET_MS: u64 = 3_500;
/// Largest body that Spillway takes.
const BODY_MAX: u64 = 256 << 10;
/// A node closes a connection that is idle for so long.
const NODE_IDLE_S: u64 = 75;

/// Words of an nginx file; `;`, `{` and `}` stand alone.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut in_comment = false;
    for c in text.chars() {
        if in_comment {
            in_comment = c != '\n';
            continue;
        }
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => word.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                // An empty text is a word, too.
                word.push('\u{200b}');
            }
            (None, '#') if word.is_empty() => in_comment = true,
            (None, ';' | '{' | '}') => {
                found.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                found.push(c.to_string());
            }
            (None, _) if c.is_whitespace() => {
                found.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            (None, _) => word.push(c),
        }
    }
    assert!(quote.is_none() && word.is_empty(), "unfinished: {word}");
    found
}

/// Every directive as `block/…/name` with its arguments.
fn directives(file: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for token in tokens(&text(file)) {
        match token.as_str() {
            ";" | "{" => {
                assert!(!words.is_empty(), "{file}: an empty directive");
                let name = words.remove(0);
                let mut whole = path.clone();
                whole.push(name.clone());
                found.push((whole.join("/"), std::mem::take(&mut words)));
                if token == "{" {
                    path.push(name);
                }
            }
            "}" => {
                assert!(words.is_empty(), "{file}: {words:?} without an end");
                assert!(path.pop().is_some(), "{file}: a block too many is closed");
            }
            _ => words.push(token),
        }
    }
    assert!(
        path.is_empty() && words.is_empty(),
        "{file}: {path:?} stays open"
    );
    found
}

fn values(file: &str, path: &str) -> Vec<Vec<String>> {
    directives(file)
        .into_iter()
        .filter(|(at, _)| at == path)
        .map(|(_, words)| words)
        .collect()
}

fn value(file: &str, path: &str) -> Vec<String> {
    let mut all = values(file, path);
    assert_eq!(all.len(), 1, "{file}: {path}");
    all.remove(0)
}

/// A time of nginx in milliseconds.
fn millis(text: &str) -> u64 {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().unwrap(),
        None => text.strip_suffix('s').unwrap().parse::<u64>().unwrap() * 1_000,
    }
}

const CALLBACK: &str = "deploy/nginx/callback.conf";

#[test]
fn nginx_waits_longer_than_spillway_and_shorter_than_wechat() {
    let of = |name: &str| millis(&value(CALLBACK, &format!("location/{name}"))[0]);
    assert!(of("proxy_read_timeout") > BUDGET_MS);
    assert!(of("proxy_connect_timeout") + of("proxy_read_timeout") < WECHAT_MS);
    assert!(of("proxy_next_upstream_timeout") + BUDGET_MS < WECHAT_MS);
    let size = value(CALLBACK, "location/client_max_body_size").remove(0);
    let bytes = size.strip_suffix('k').unwrap().parse::<u64>().unwrap() << 10;
    assert!(bytes > BODY_MAX);
    // A body never goes through a file.
    assert_eq!(value(CALLBACK, "location/client_body_buffer_size"), [size]);
}

#[test]
fn nginx_sends_no_post_twice_and_makes_up_no_answer() {
    let again = value(CALLBACK, "location/proxy_next_upstream");
    assert_eq!(again, ["error", "timeout"], "never non_idempotent");
    let pages = value(CALLBACK, "location/error_page");
    assert_eq!(pages, ["502", "503", "504", "=", "@no_answer"]);
    assert_eq!(
        values(CALLBACK, "location/return"),
        [["444"], ["444"], ["444"]].map(|w| w.map(str::to_owned).to_vec())
    );
    assert_eq!(value(CALLBACK, "location/proxy_http_version"), ["1.1"]);
    let headers = values(CALLBACK, "location/proxy_set_header");
    assert!(headers.contains(&vec!["Connection".to_owned(), "\u{200b}".to_owned()]));
    assert_eq!(value(CALLBACK, "location/gzip"), ["off"]);
}

#[test]
fn nginx_keeps_connections_no_longer_than_a_node_and_counts_no_node_out() {
    for file in ["deploy/nginx/spillway.conf", "deploy/nginx/compose.conf"] {
        let idle = millis(&value(file, "upstream/keepalive_timeout")[0]);
        assert!(idle < NODE_IDLE_S * 1_000, "{file}");
        for server in values(file, "upstream/server") {
            assert_eq!(server[1..], ["max_fails=0"], "{file}");
        }
        let included = values(file, "server/include");
        assert_eq!(included, [["/etc/nginx/spillway/callback.conf"]]);
    }
    let listens = values("deploy/nginx/spillway.conf", "server/listen");
    for port in ["80", "[::]:80", "443", "[::]:443"] {
        let listen = listens.iter().find(|l| l[0] == port).unwrap();
        assert_eq!(listen.contains(&"ssl".to_owned()), port.ends_with("443"));
    }
    // The query holds openid and signature.
    let format = value("deploy/nginx/log.conf", "log_format").concat();
    assert!(!format.contains("$request ") && !format.contains("args") && format.contains("$uri"));
}

#[test]
fn nginx_itself_takes_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let key = tool("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-keyout", &at("tls.key"), "-out", &at("tls.crt")])
        .output()
        .unwrap();
    assert!(key.status.success());
    for name in ["log", "callback", "spillway", "compose"] {
        let moved = text(&format!("deploy/nginx/{name}.conf"))
            .replace("/etc/nginx/spillway", &at(""))
            .replace("/var/log/nginx", &at(""))
            .replace("/dev/stdout", &at("access.log"))
            .replace("ingress-1:", "127.0.0.1:")
            .replace("ingress-2:", "127.0.0.2:");
        std::fs::write(at(&format!("{name}.conf")), moved).unwrap();
    }
    for name in ["spillway", "compose"] {
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", at(kind)))
            .concat();
        let main = format!(
            "pid {}; error_log {}; events {{}} http {{ {temporary} include {}; }}",
            at("pid"),
            at("error.log"),
            at(&format!("{name}.conf"))
        );
        std::fs::write(at("nginx.conf"), main).unwrap();
        let check = || {
            let mut nginx = tool("nginx");
            let said = nginx.args(["-t", "-e", &at("error.log"), "-c", &at("nginx.conf")]);
            said.output().unwrap()
        };
        let said = check();
        assert!(said.status.success(), "{}", words(&said));
        // It reads what is included: a directive that it does not know is refused.
        let included = at("callback.conf");
        let sound = std::fs::read_to_string(&included).unwrap();
        std::fs::write(
            &included,
            sound.replace("proxy_read_timeout", "proxy_reed_timeout"),
        )
        .unwrap();
        assert!(words(&check()).contains("proxy_reed_timeout"));
        std::fs::write(&included, sound).unwrap();
    }
}
