//! Callbacks through nginx itself, with the files that are shipped: in clear and by TLS, with a node that is away, and
//! with none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::process::Command;
use support::fan::{OPEN, accounts, plain, sealed, text};
use support::nginx::Nginx;
use support::{Node, Scene, free_port, succeed, until, watch, wire};

/// A node with a campaign in force, and nginx before it and before an address at which nobody listens.
fn behind(file: &'static str) -> (Scene, Node, Nginx) {
    let mut scene = Scene::bare(&accounts());
    let node = watch::node(&scene);
    scene.tick("node", OPEN);
    let nginx = Nginx::start(file, &[scene.listen, free_port()]);
    scene.listen = nginx.listen;
    (scene, node, nginx)
}

#[test]
fn a_callback_reaches_the_node_that_is_there_and_is_recorded_once() {
    let (scene, node, nginx) = behind("compose.conf");
    for id in 0..40 {
        let answer = scene.deliver_text(&format!("oFan{id}"), id, "GO");
        assert!(answer.text().contains("报名收到"), "{answer:?}");
    }
    // Every other one was first offered to the node that is away.
    assert_eq!(watch::judged(&node, "new"), 40.0);
    assert_eq!(watch::judged(&node, "duplicate"), 0.0);
    // The platform's look whether the address is ours.
    let query = plain().verification_query("4711", "1365487801", "9");
    let (status, body) = wire::get(nginx.listen, &format!("/wechat/mi?{query}")).unwrap();
    assert_eq!((status, &*body), (200, "4711"));
    // Nothing else is answered, and no query is written down.
    for path in ["/", "/metrics", "/v1/clock", "/wechat"] {
        assert_eq!(wire::get(nginx.listen, path), None, "{path}");
    }
    let log = nginx.access_log();
    assert!(log.contains("POST /wechat/mi HTTP/1.0 200"), "{log}");
    assert!(!log.contains("signature") && !log.contains("oFan"), "{log}");
}

#[test]
fn without_a_node_there_is_no_answer_instead_of_a_page() {
    let (scene, node, nginx) = behind("compose.conf");
    scene.deliver_text("oFan", 1, "GO");
    node.kill();
    let (query, body) = sealed(&plain(), &text(&plain(), "oFan", OPEN, 2, "GO"));
    let answer = scene.post("mi", &query, body.as_bytes());
    assert_eq!(answer, wire::Answer::Nothing);
    until("the line of the request without an answer", || {
        nginx.access_log().contains(" 444 ")
    });
}

#[test]
fn tls_ends_at_nginx() {
    let (scene, node, nginx) = behind("spillway.conf");
    let body = scene.path("body.xml");
    for (protocol, id) in [("--http1.0", 1), ("--http1.1", 2)] {
        let (query, xml) = sealed(
            &plain(),
            &text(&plain(), &format!("oFan{id}"), OPEN, id, "GO"),
        );
        std::fs::write(&body, xml).unwrap();
        let url = format!("https://{}/wechat/mi?{query}", nginx.tls);
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--insecure",
            "--include",
            protocol,
            "--data-binary",
        ])
        .arg(format!("@{}", body.display()))
        .arg(url);
        let said = succeed(&mut curl);
        let lower = said.to_lowercase();
        assert!(
            lower.contains(" 200") && lower.contains("content-length"),
            "{said}"
        );
        assert!(!lower.contains("transfer-encoding") && !lower.contains("content-encoding"));
        assert!(said.contains("<xml>"), "{said}");
    }
    // The other port of the two takes callbacks in clear.
    scene.deliver_text("oOther", 3, "GO");
    assert_eq!(watch::judged(&node, "new"), 3.0);
}
