//! HTTP as peers really speak it: in pieces, in heaps, in 1.0, too slowly, too much, wrongly.

use crate::client::{Answer, post, request};
use crate::fixture::{Node, account, callback, signed, text};
use std::time::{Duration, Instant};

fn message(n: u64) -> Vec<u8> {
    callback(&account("plain"), &text("o1", 100, n, "GO"))
}

#[test]
fn a_request_byte_by_byte_is_a_request() {
    let node = Node::start();
    let mut client = node.client();
    for byte in message(1) {
        client.send(&[byte]);
    }
    client.answer().unwrap().is_success();
    assert_eq!(node.record().content.text, "GO");
}

#[test]
fn pipelined_requests_are_answered_one_by_one_in_order() {
    let node = Node::start();
    let mut client = node.client();
    let mut heap = Vec::new();
    for n in 0..20 {
        heap.extend(callback(&account("loud"), &text("o1", 100, n, "GO")));
    }
    heap.extend(b"GET /wechat/nobody HTTP/1.1\r\nHost: h\r\n\r\n");
    heap.extend(message(99));
    client.send(&heap);
    for _ in 0..20 {
        assert!(client.answer().unwrap().text().starts_with("<xml>"));
    }
    client.answer().unwrap().is_refusal(404);
    client.answer().unwrap().is_success();
    let seqs: std::collections::BTreeSet<u64> = node
        .records()
        .iter()
        .map(|record| record.seq.unwrap())
        .collect();
    assert_eq!(seqs.len(), 21, "every delivery has its own number");
}

#[test]
fn http_1_0_closes_and_with_keep_alive_it_stays() {
    let node = Node::start();
    let target = format!("/wechat/plain?{}", signed());
    let body = text("o1", 100, 1, "GO");
    let mut once = node.client();
    let answer = once.ask(&request("HTTP/1.0", "", &target, body.as_bytes()));
    answer.is_success();
    assert_eq!(answer.header("content-length"), Some("7"));
    assert!(once.is_closed());

    let mut stays = node.client();
    let keep = "Connection: Keep-Alive\r\n";
    for _ in 0..3 {
        let answer = stays.ask(&request("HTTP/1.0", keep, &target, body.as_bytes()));
        answer.is_success();
        let connection = answer.header("connection").map(str::to_ascii_lowercase);
        assert_eq!(connection.as_deref(), Some("keep-alive"));
    }
    assert_eq!(node.records().len(), 4);
}

#[test]
fn http_1_1_stays_and_closes_when_asked() {
    let node = Node::start();
    let mut client = node.client();
    client.ask(&message(1)).is_success();
    client.ask(&message(2)).is_success();
    let target = format!("/wechat/plain?{}", signed());
    let body = text("o1", 100, 3, "GO");
    client
        .ask(&request(
            "HTTP/1.1",
            "Connection: close\r\n",
            &target,
            body.as_bytes(),
        ))
        .is_success();
    assert!(client.is_closed());
}

#[test]
fn a_peer_that_has_closed_its_side_still_gets_its_answer() {
    let node = Node::start();
    let mut client = node.client();
    client.send(&message(1));
    client.shut();
    client.answer().unwrap().is_success();
}

#[test]
fn a_chunked_request_is_read_and_the_answer_is_not_chunked() {
    let node = Node::start();
    let mut client = node.client();
    let body = text("o1", 100, 1, "GO");
    let head = format!(
        "POST /wechat/plain?{} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        signed()
    );
    client.send(head.as_bytes());
    for piece in body.as_bytes().chunks(50) {
        client.send(format!("{:x}\r\n", piece.len()).as_bytes());
        client.send(piece);
        client.send(b"\r\n");
    }
    client.ask(b"0\r\n\r\n").is_success();
    assert_eq!(node.record().body, body);
}

#[test]
fn a_slow_head_is_told_and_closed_and_a_silent_peer_is_closed() {
    let node = Node::start_with(|config| config.head_timeout = Duration::from_millis(150));
    let mut slow = node.client();
    slow.send(b"POST /wechat/plain HTT");
    let mut silent = node.client();
    slow.answer().unwrap().is_refusal(408);
    assert!(slow.is_closed());
    assert!(silent.is_closed());
    let mut second = node.client();
    second.ask(&message(1)).is_success();
    second.send(b"POST /");
    second.answer().unwrap().is_refusal(408);
    assert!(second.is_closed());
    node.metric_becomes("spillway_ingress_reject_total{reason=\"slow_head\"}", 2.0);
}

#[test]
fn an_idle_connection_is_closed_without_a_byte() {
    let node = Node::start_with(|config| config.idle_timeout = Duration::from_millis(150));
    let mut client = node.client();
    client.ask(&message(1)).is_success();
    assert!(client.is_closed());
}

#[test]
fn a_slow_body_is_told_and_closed() {
    let node = Node::start_with(|config| config.body_timeout = Duration::from_millis(150));
    let mut client = node.client();
    let whole = message(1);
    client.send(&whole[..whole.len() - 5]);
    let answer = client.answer().unwrap();
    answer.is_refusal(408);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.is_closed());
    assert!(node.records().is_empty());
    node.metric_becomes("spillway_ingress_reject_total{reason=\"slow_body\"}", 1.0);
}

fn padded(bytes: usize) -> String {
    let frame = text("o1", 100, 1, "").len();
    text("o1", 100, 1, &"x".repeat(bytes - frame))
}

#[test]
fn a_body_of_256_kib_is_taken_and_one_byte_more_is_not() {
    let node = Node::start();
    let mut client = node.client();
    let most = padded(256 * 1024);
    client
        .ask(&post("plain", &signed(), most.as_bytes()))
        .is_success();
    assert_eq!(node.record().body, most);
    let over = padded(256 * 1024 + 1);
    let answer = client.ask(&post("plain", &signed(), over.as_bytes()));
    answer.is_refusal(413);
    assert!(client.is_closed());
    assert_eq!(node.records().len(), 1);
    node.metric_becomes("spillway_ingress_reject_total{reason=\"too_large\"}", 1.0);
}

#[test]
fn a_chunked_body_is_cut_at_the_same_length() {
    let node = Node::start();
    let mut client = node.client();
    let head = format!(
        "POST /wechat/plain?{} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        signed()
    );
    client.send(head.as_bytes());
    for _ in 0..17 {
        client.try_send(b"4000\r\n");
        client.try_send(&[b'x'; 0x4000]);
        client.try_send(b"\r\n");
    }
    client.answer().unwrap().is_refusal(413);
    assert!(client.is_closed());
}

#[test]
fn malformed_heads_get_400_whatever_is_wrong_with_them() {
    let node = Node::start();
    let endless = format!("POST /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    let many: String = (0..500).map(|n| format!("h{n}: v\r\n")).collect();
    let many = format!("POST / HTTP/1.1\r\n{many}\r\n");
    let large = format!("POST / HTTP/1.1\r\nh: {}\r\n\r\n", "x".repeat(80_000));
    let heads = [
        "NONSENSE\r\n\r\n",
        "POST / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        &endless,
        &many,
        &large,
    ];
    for head in heads {
        let mut client = node.client();
        client.try_send(head.as_bytes());
        let answer = client
            .answer()
            .unwrap_or_else(|| panic!("no answer to {head:.60}"));
        assert_eq!((answer.status, answer.text()), (400, ""), "{head:.60}");
        assert!(client.is_closed());
    }
    let count = heads.len() as f64;
    node.metric_becomes("spillway_ingress_reject_total{reason=\"malformed\"}", count);
    node.client().ask(&message(1)).is_success();
}

#[test]
fn a_malformed_chunk_gets_400() {
    let node = Node::start();
    let mut client = node.client();
    let head = format!(
        "POST /wechat/plain?{} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        signed()
    );
    client.ask(head.as_bytes()).is_refusal(400);
    assert!(client.is_closed());
}

#[test]
fn what_cannot_be_authentic_is_refused_with_its_own_status_and_reason() {
    let node = Node::start();
    let body = text("o1", 100, 1, "GO");
    let wrong = signed().replace("signature=", "signature=0");
    let unsigned = "timestamp=1767225603&nonce=1029384756";
    let odd = format!("{}&encrypt_type=rot13", signed());
    let cases: [(&str, &str, u16, &str); 7] = [
        ("plain", &wrong, 403, "signature_mismatch"),
        ("plain", unsigned, 403, "signature_missing"),
        ("plain", "", 403, "signature_missing"),
        ("plain", &odd, 400, "encrypt_type_unknown"),
        ("safe", &signed(), 403, "mode_not_allowed"),
        ("nobody", &signed(), 404, "unknown_account"),
        ("plain/x", &signed(), 404, "unknown_account"),
    ];
    let mut client = node.client();
    let ask = |client: &mut crate::client::Client, account: &str, query: &str| -> Answer {
        client.ask(&post(account, query, body.as_bytes()))
    };
    for (account, query, status, _) in cases {
        ask(&mut client, account, query).is_refusal(status);
        // The connection stays usable for what is authentic.
        ask(&mut client, "plain", &signed()).is_success();
    }
    for (reason, count) in [
        ("signature_mismatch", 1.0),
        ("signature_missing", 2.0),
        ("encrypt_type_unknown", 1.0),
        ("mode_not_allowed", 1.0),
        ("unknown_account", 2.0),
    ] {
        node.metric_becomes(
            &format!("spillway_ingress_reject_total{{reason=\"{reason}\"}}"),
            count,
        );
    }
    assert_eq!(node.records().len(), cases.len());
}

#[test]
fn other_methods_and_paths_are_refused() {
    let node = Node::start();
    for (line, status) in [
        ("PUT /wechat/plain", 405),
        ("HEAD /wechat/plain", 405),
        ("DELETE /wechat/plain", 405),
        ("GET /", 404),
        ("GET /metrics", 404),
        ("POST /wechat/", 404),
        ("OPTIONS *", 404),
    ] {
        let mut client = node.client();
        client.send(format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let answer = client.answer().unwrap();
        assert_eq!((answer.status, answer.text()), (status, ""), "{line}");
    }
}

#[test]
fn verification_echoes_exactly() {
    let node = Node::start();
    let mut client = node.client();
    let get = |query: &str| format!("GET /wechat/safe?{query} HTTP/1.1\r\nHost: h\r\n\r\n");
    let echo = client.ask(get(&format!("echostr=a%3Cb%20%25&{}", signed())).as_bytes());
    assert_eq!((echo.status, echo.text()), (200, "a<b %"));
    let wrong = signed().replace("nonce=1", "nonce=2");
    client
        .ask(get(&format!("echostr=1&{wrong}")).as_bytes())
        .is_refusal(403);
    client.ask(get(&signed()).as_bytes()).is_refusal(400);
    assert!(node.records().is_empty());
}

#[test]
fn connections_beyond_the_bound_wait_and_idle_ones_make_room() {
    let node = Node::start_with(|config| {
        config.threads = 1;
        config.connections_max = 4;
    });
    let mut idle: Vec<_> = (0..4).map(|_| node.client()).collect();
    for client in &mut idle {
        client.ask(&message(1)).is_success();
    }
    let began = Instant::now();
    node.client().ask(&message(2)).is_success();
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn valid_traffic_beside_forged_requests_is_acked_whole() {
    let node = Node::start();
    let addr = node.ingress.addr();
    let forged = post(
        "plain",
        &signed().replace("signature=", "signature=0"),
        b"<xml/>",
    );
    let done = std::sync::atomic::AtomicBool::new(false);
    let forgeries = std::thread::scope(|scope| {
        let forgers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = crate::client::Client::new(addr);
                    let mut count = 0_u64;
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        client.ask(&forged).is_refusal(403);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let mut client = node.client();
        for n in 0..500 {
            client.ask(&message(n)).is_success();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        forgers
            .into_iter()
            .map(|forger| forger.join().unwrap())
            .sum::<u64>()
    });
    assert_eq!(node.records().len(), 500);
    let metric = "spillway_ingress_reject_total{reason=\"signature_mismatch\"}";
    node.metric_becomes(metric, forgeries as f64);
}
