//! Whole requests as captured from the platform, byte by byte as they came.

use crate::fixture::{Node, OURS};
use base64::Engine as _;

#[derive(serde::Deserialize)]
struct Vector {
    id: String,
    raw_b64: String,
    expect: String,
    expect_body: Option<String>,
}

#[test]
fn every_captured_request_ends_as_its_vector_says() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../http_requests.json")).unwrap();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let node = Node::start();
        let raw = base64::engine::general_purpose::STANDARD
            .decode(&vector.raw_b64)
            .unwrap();
        let raw = String::from_utf8(raw)
            .unwrap()
            .replacen("/wx/callback", "/wechat/compatible", 1);
        let mut client = node.client();
        let answer = client.ask(raw.as_bytes());
        match vector.expect.as_str() {
            "ok" => {
                assert_eq!(answer.status, 200, "{}", vector.id);
                if let Some(body) = &vector.expect_body {
                    assert_eq!(answer.text(), body, "{}", vector.id);
                    assert!(node.records().is_empty(), "{}", vector.id);
                } else {
                    let record = node.record();
                    assert_eq!(record.to, OURS, "{}", vector.id);
                    assert_eq!(record.content.text, "B", "{}", vector.id);
                    assert_eq!(record.create_time, 1_767_225_603, "{}", vector.id);
                }
            }
            "signature_mismatch" | "signature_missing" => {
                answer.is_refusal(403);
                let metric = format!(
                    "spillway_ingress_reject_total{{reason=\"{}\"}}",
                    vector.expect
                );
                node.metric_becomes(&metric, 1.0);
                assert!(node.records().is_empty(), "{}", vector.id);
            }
            other => panic!("{}: unknown outcome {other}", vector.id),
        }
        let closes = raw.contains("HTTP/1.0") && !raw.contains("Keep-Alive");
        if closes {
            assert!(client.is_closed(), "{}", vector.id);
        } else {
            client.ask(raw.as_bytes());
        }
    }
}
