//! Small recordings and the options to replay them. No assertions here.

use crate::server::Server;
use std::path::{Path, PathBuf};
use std::time::Duration;
use surge::client::Target;
use surge::ledger::Row as LedgerRow;
use surge::recording::{Part, Row, encode};
use surge::replay::options::Options;
use surge::replay::source::Choice;
use surge::replay::timetable::Speed;
use surge::replay::{Replayed, run};

pub(crate) const START: i64 = 1_365_487_200;

pub(crate) fn body(n: u64) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[o{}]]></FromUserName>\n\
         <CreateTime>{START}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
         <Content><![CDATA[GO]]></Content>\n<MsgId>{n}</MsgId></xml>",
        n % 7
    )
}

/// Writes rows `(n, attempt, seconds after the start)`.
pub(crate) fn recording(dir: &Path, rows: &[(u64, u8, f64)]) -> PathBuf {
    let path = dir.join("rec.jsonl");
    let mut lines = Vec::new();
    for &(n, attempt, after_s) in rows {
        let at_us = START * 1_000_000 + (after_s * 1e6) as i64;
        let row = Row {
            at_us,
            part: Part::Event,
            n,
            attempt,
            body: body(n).into(),
        };
        encode(&row, &mut lines).unwrap();
    }
    std::fs::write(&path, lines).unwrap();
    path
}

pub(crate) fn options(dir: &Path, rows: &[(u64, u8, f64)], server: &Server) -> Options {
    let url = server.url("/wechat/mi");
    Options {
        recording: recording(dir, rows),
        target: Target::parse(&url).unwrap(),
        url,
        account: wechat::Account {
            name: "mi".into(),
            app_id: String::new(),
            original_id: "gh_1".into(),
            token: "demo".into(),
            key: None,
            previous_key: None,
            mode: wechat::Mode::Plain,
        },
        choice: Choice::default(),
        speed: Speed::Max,
        close: false,
        concurrency: 8,
        sources: 0,
        attempts: 3,
        until_acked: false,
        clock: None,
        ledger: Some(dir.join("ledger.jsonl")),
        report: None,
        forging: None,
        patience: Duration::from_secs(20),
        progress: false,
    }
}

pub(crate) fn ledger(dir: &Path) -> Vec<LedgerRow> {
    let text = std::fs::read_to_string(dir.join("ledger.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn plain(count: u64) -> Vec<(u64, u8, f64)> {
    (0..count).map(|n| (n, 1, n as f64 * 0.01)).collect()
}

pub(crate) fn go(options: Options) -> Replayed {
    run(options, None).unwrap()
}
