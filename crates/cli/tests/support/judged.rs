//! A log judged from outside: exported, and reconciled by `surge` with what was sent.

use super::told::Told;
use super::{Scene, spillway, succeed, surge, until};
use serde_json::Value;
use std::process::Command;

impl Scene {
    /// Exports the log of `data`, which may be in use, and reconciles it with what was sent.
    pub(crate) fn judge(&self, data: &str) {
        // Units follow results.
        until("the units of the last result", || {
            Told::of(self, data).owes_nothing()
        });
        self.export(data, "export");
        self.reconcile("export");
    }

    pub(crate) fn export(&self, data: &str, to: &str) {
        succeed(
            Command::new(spillway())
                .args(["export", "--without-bodies", "--out"])
                .arg(self.path(to))
                .args(self.log_of(data)),
        );
    }

    /// Writes the manifest: what `surge oracle` makes of the recording by the campaign as it is now.
    pub(crate) fn ask_oracle(&self) {
        succeed(
            Command::new(surge())
                .arg("oracle")
                .arg(self.recording())
                .arg("--campaign")
                .arg(self.with_suffix("campaign.toml"))
                .arg("--out")
                .arg(self.with_suffix("manifest.json")),
        );
    }

    pub(crate) fn reconcile(&self, export: &str) -> String {
        succeed(&mut self.reconciling(export))
    }

    /// `surge reconcile` of an export with what was sent.
    pub(crate) fn reconciling(&self, export: &str) -> Command {
        let mut command = Command::new(surge());
        command
            .args(["reconcile", "--manifest"])
            .arg(self.with_suffix("manifest.json"))
            .arg("--ledger")
            .arg(self.path("ledger.jsonl"))
            .arg("--export")
            .arg(self.path(export))
            .arg("--json")
            .arg(self.path("verdict.json"))
            .arg("--missing")
            .arg(self.path("missing.jsonl"));
        command
    }

    /// What was found when the log was reconciled last.
    pub(crate) fn verdict(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("verdict.json")).unwrap()).unwrap()
    }
}
