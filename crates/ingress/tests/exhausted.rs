//! No descriptor left: connections are accepted one at a time or wait, nothing is lost, and afterwards
//! all is as before. A process of its own, because the limit is one of the process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use arc_swap::ArcSwap;
use ingress::{AccountConfig, Deps, Ingress, IngressConfig};
use msglog::memory::MemoryLog;
use msglog::{Log, Tier, TopicConfig};
use record::hexed::Hex;
use record::topics::INBOUND;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn account() -> wechat::Account {
    wechat::Account {
        name: "mi".to_owned(),
        app_id: String::new(),
        original_id: "gh_0".to_owned(),
        token: "demo".to_owned(),
        key: None,
        previous_key: None,
        mode: wechat::Mode::Plain,
    }
}

fn start(log: &Arc<MemoryLog>, registry: &telemetry::Registry) -> Ingress {
    let mut config = IngressConfig::new("127.0.0.1:0".parse().unwrap(), Hex([1; 8]), Hex([2; 8]));
    config.threads = 1;
    config.quiet = Duration::from_millis(50);
    config.accounts = vec![AccountConfig {
        account: account(),
        default_reply: String::new(),
    }];
    let deps = Deps {
        log: Arc::clone(log) as Arc<dyn Log>,
        hedge: None,
        snapshot: Arc::new(ArcSwap::from_pointee(control::Snapshot::default())),
        registry: registry.clone(),
        health: telemetry::Health::new(),
        now_us: || 0,
        random: |_| {},
    };
    Ingress::start(&config, &deps).unwrap()
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

fn ask(stream: &mut TcpStream, n: u64) {
    let xml = format!(
        "<xml><ToUserName>gh_0</ToUserName><FromUserName>o{n}</FromUserName><CreateTime>1</CreateTime>\
         <MsgType>text</MsgType><Content>GO</Content><MsgId>{n}</MsgId></xml>"
    );
    let (query, body) = account().seal_request(&xml, "1", "2", [0; 16]);
    let head = format!(
        "POST /wechat/mi?{query} HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .unwrap();
}

fn is_acked(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    let mut buffer = [0; 512];
    while !answer.ends_with(b"\r\n\r\nsuccess") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
        }
    }
    answer.starts_with(b"HTTP/1.1 200 OK\r\n")
}

/// Takes every descriptor that is left.
fn exhaust() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn without_descriptors_the_reserve_serves_and_the_rest_waits() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(256),
            maximum: limit.maximum,
        },
    )
    .unwrap();
    let log = MemoryLog::new(vec![TopicConfig {
        name: INBOUND.to_owned(),
        partitions: 1,
        retention: None,
        tier: Tier::Ingress,
    }]);
    let registry = telemetry::Registry::new();
    let ingress = start(&log, &registry);
    let mut warm = connect(ingress.addr());
    ask(&mut warm, 0);
    assert!(is_acked(&mut warm));

    // These sockets have their descriptors; the server has none left but its reserve.
    let sockets: Vec<Socket> = (0..8)
        .map(|_| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap())
        .collect();
    let hog = exhaust();
    let mut waiting: Vec<TcpStream> = sockets
        .into_iter()
        .map(|socket| {
            socket.connect(&ingress.addr().into()).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            socket.into()
        })
        .collect();
    for (n, stream) in (1..).zip(&mut waiting) {
        ask(stream, n);
    }
    assert!(is_acked(&mut waiting[0]), "the reserve serves one");
    let until = Instant::now() + Duration::from_secs(10);
    while !registry
        .render()
        .contains("accept_errors_total{kind=\"exhausted\"}")
    {
        assert!(Instant::now() < until, "accept never failed");
        std::thread::yield_now();
    }
    assert!(!ingress.is_broken());
    drop(hog);
    for (n, stream) in waiting.iter_mut().enumerate().skip(1) {
        assert!(is_acked(stream), "connection {n}");
    }
    let mut after = connect(ingress.addr());
    ask(&mut after, 9);
    assert!(is_acked(&mut after));
    assert_eq!(log.read_all(INBOUND, 0).unwrap().len(), 10);
    assert!(ingress.stop().failures.is_empty());
}
