//! The demonstration as people run it, with few messages: its table, its exit code, and what it says when a message is
//! missing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Ended, finish, free_port, spillway, surge};

struct Demo {
    dir: tempfile::TempDir,
}

impl Demo {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("run").join(name)
    }

    /// With its log on `journal` or `kafka`.
    fn play(&self, backend: &str) -> Ended {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo.sh");
        finish(
            Command::new("bash")
                .arg(script)
                .args(["3000", backend])
                .env("BIN", Path::new(spillway()).parent().unwrap())
                .env("DEMO", self.path(""))
                .env("COMPRESS", "20")
                .env("LISTEN", free_port().to_string())
                .env("ADMIN", free_port().to_string()),
        )
    }

    /// Judges once more, and prints the table of that.
    fn judge_again(&self) -> [Ended; 2] {
        let mut reconcile = Command::new(surge());
        reconcile
            .args(["reconcile", "--manifest"])
            .arg(self.path("fanfest.jsonl.manifest.json"))
            .arg("--ledger")
            .arg(self.path("ledger.jsonl"))
            .arg("--export")
            .arg(self.path("export"))
            .arg("--json")
            .arg(self.path("verdict.json"))
            .arg("--missing")
            .arg(self.path("missing.jsonl"));
        let reconciled = finish(&mut reconcile);
        let mut table = Command::new(surge());
        table
            .args(["demo-table", "--report"])
            .arg(self.path("report.json"))
            .arg("--verdict")
            .arg(self.path("verdict.json"));
        [reconciled, finish(&mut table)]
    }

    /// Messages that were acked and are not in the log, by what is listed and by the verdict.
    fn lost(&self) -> (BTreeSet<u64>, u64) {
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap();
        let number = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["fan"].as_str().unwrap().starts_with('o'), "{line}");
            assert!(
                line["sent_us"].as_i64() < line["acked_us"].as_i64(),
                "{line}"
            );
            line["n"].as_u64().unwrap()
        };
        let verdict: Value = serde_json::from_str(&read("verdict.json")).unwrap();
        (
            read("missing.jsonl").lines().map(number).collect(),
            verdict["all"]["lost"].as_u64().unwrap(),
        )
    }

    /// Judges without the first line of a file that has these words, and puts it back.
    fn judge_without(&self, file: &str, words: &str) -> [Ended; 2] {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        let line = text.lines().find(|line| line.contains(words)).unwrap();
        let cut = text.replacen(&format!("{line}\n"), "", 1);
        assert!(cut.len() < text.len());
        std::fs::write(self.path(file), cut).unwrap();
        let judged = self.judge_again();
        std::fs::write(self.path(file), text).unwrap();
        judged
    }
}

/// The row of a table that begins like this, without the blanks between its cells.
#[track_caller]
fn row(table: &str, begin: &str) -> Vec<String> {
    let row = table.lines().find(|line| line.starts_with(begin));
    let row = row.unwrap_or_else(|| panic!("no row {begin:?} in {table}"));
    let cells = row.split("  ").map(str::trim);
    cells
        .filter(|cell| !cell.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The table says that everything came through, and that every round came to what the recording says.
#[track_caller]
fn whole(said: &str) {
    assert!(
        said.contains("3,000 messages: NOT the full event of 2,800,000"),
        "{said}"
    );
    let (_, table) = said.split_once("NOT the full event").unwrap();
    let event = row(table, "messages of the event");
    assert_eq!(
        [&event[1], &event[2], &event[8]],
        ["3,000"; 3],
        "sent, acked, in the log: {event:?}"
    );
    let all = row(table, "all ");
    assert_eq!(all[1], all[2], "sent and acked: {all:?}");
    assert_eq!(
        all[all.len() - 2..],
        ["0", "0"],
        "lost and doubled: {all:?}"
    );
    assert!(row(said, "re-deliveries").len() > 2);
    let (_, rounds) = said.split_once("\nround ").unwrap();
    for round in 1..=12 {
        let round = row(rounds, &format!("{round} "));
        assert_eq!(
            (&round[1], &round[3]),
            (&round[2], &round[4]),
            "joins and answers: {round:?}"
        );
        assert_eq!(round[5], "=", "{round:?}");
    }
    assert_eq!(row(said, "silent fans")[1], "0");
    assert_eq!(
        row(said, "digest of the log")[1],
        row(said, "digest of the manifest")[1]
    );
    assert!(row(said, "time: replay")[1].ends_with(" s"));
    assert!(said.contains("12 records verified"), "{said}");
    assert!(
        said.contains("both digests equal, 12 results as the recording gives them"),
        "{said}"
    );
    assert_eq!(said.matches("phone to …").count(), 12, "{said}");
}

#[test]
fn the_demonstration_on_kafka_prints_the_same_table() {
    let demo = Demo::new();
    let said = demo.play("kafka").well();
    assert!(said.contains("its log on kafka"), "{said}");
    whole(&said);
}

#[test]
fn the_demonstration_prints_what_became_of_every_message_and_notices_one_that_is_missing() {
    let demo = Demo::new();
    whole(&demo.play("journal").well());

    // What the ledger says was acked, and the log does not have.
    let [reconciled, table] = demo.judge_without("export/accepted.jsonl", "\"type\":\"message\"");
    assert_eq!((reconciled.code, table.code), (Some(1), Some(1)));
    assert!(
        reconciled.stdout.contains("lost: message "),
        "{}",
        reconciled.stdout
    );
    let (listed, lost) = demo.lost();
    assert!(
        lost > 0 && listed.len() as u64 == lost,
        "{listed:?}, {lost} lost"
    );
    assert!(table.stdout.contains("NOT TRUE: "), "{}", table.stdout);
    assert!(
        !table.stdout.contains("Every message acked"),
        "{}",
        table.stdout
    );

    // And what the log has, and nobody has sent.
    let [reconciled, table] = demo.judge_without("ledger.jsonl", "\"delivery\":7,");
    assert_eq!((reconciled.code, table.code), (Some(1), Some(1)));
    assert!(table.stdout.contains("were never sent"), "{}", table.stdout);
    let [reconciled, table] = demo.judge_again();
    assert_eq!(
        (reconciled.code, table.code),
        (Some(0), Some(0)),
        "all is there again"
    );
    assert_eq!(demo.lost(), (BTreeSet::new(), 0));
}
