//! What a test delivers message by message, written down as a recording and a ledger, so that `surge` can judge it: the
//! manifest is the oracle's, by the scene's campaign as it is when it is asked for.

use super::fan::{plain, text};
use super::{Ended, Scene, finish};
use serde_json::{Value, json};

/// Messages in the order in which they were delivered, each acked.
#[derive(Default)]
pub(crate) struct Written {
    rows: Vec<Value>,
    ledger: Vec<Value>,
}

impl Written {
    /// A fan says something at a second, and is acked.
    #[track_caller]
    pub(crate) fn says(&mut self, scene: &Scene, (fan, at, said): (&str, i64, &str)) {
        let (mi, n) = (plain(), self.rows.len());
        let body = text(&mi, fan, at, 1 + n as u64, said);
        let answer = scene.deliver(&mi, &body);
        assert_eq!(answer.status(), 200, "{answer:?}");
        let at_us = at * 1_000_000;
        self.rows
            .push(json!({"at": at_us, "part": "event", "n": n, "attempt": 1, "body": body}));
        let reply = match answer.text().as_str() {
            "success" => "success",
            "" => "empty",
            _ => "words",
        };
        self.ledger.push(
            json!({"delivery": n, "n": n, "attempt": 1, "status": 200, "scheduled_us": at_us, "sent_us": at_us,
                "done_us": at_us + 1_000, "outcome": "acked", "reply": reply}),
        );
    }

    /// Writes the files, exports the log of `data`, and has `surge` judge it.
    pub(crate) fn reconcile(&self, scene: &Scene, data: &str) -> Ended {
        self.write(scene);
        scene.export(data, "export");
        finish(&mut scene.reconciling("export"))
    }

    fn write(&self, scene: &Scene) {
        let lines = |values: &[Value]| -> String {
            values.iter().map(|value| format!("{value}\n")).collect()
        };
        std::fs::write(scene.recording(), lines(&self.rows)).unwrap();
        std::fs::write(scene.path("ledger.jsonl"), lines(&self.ledger)).unwrap();
        scene.ask_oracle();
    }
}
