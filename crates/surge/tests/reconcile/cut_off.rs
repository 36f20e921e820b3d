//! The oracle after a run: what stands in the log, up to the cuts of the seals.

use crate::made::Run;
use crate::sealed::{TOML, run, sha256, standings};
use std::path::Path;
use surge::manifest::Manifest;
use surge::oracle::{Args, OracleError, run as oracle};

fn scored(dir: &Path, with_cuts: bool) -> Result<Manifest, OracleError> {
    let campaign = dir.join("c.toml");
    std::fs::write(&campaign, TOML).unwrap();
    oracle(&Args {
        file: dir.join("rec.jsonl"),
        campaign,
        cuts: with_cuts.then(|| dir.join("export")),
        out: dir.join("out.json"),
    })
}

/// Manifests without the cuts and with them.
fn both(run: &Run) -> [Manifest; 2] {
    let dir = tempfile::tempdir().unwrap();
    run.write(dir.path());
    [false, true].map(|with_cuts| scored(dir.path(), with_cuts).unwrap())
}

#[test]
fn where_all_came_in_time_the_cuts_change_nothing() {
    let [before, after] = both(&run());
    assert_eq!(before, after);
    let (file, list) = standings("oA");
    let round = &after.rounds[0];
    assert_eq!(
        (&round.standings, &round.list),
        (&sha256(&file), &sha256(&list))
    );
}

#[test]
fn what_came_late_or_never_is_not_scored() {
    // The copy of the decision stands before the first message of oC, whose second one is lost.
    let mut run = run();
    let copy = run.accepted.pop().unwrap();
    run.accepted.insert(2, copy);
    run.accepted.remove(6);
    let [before, after] = both(&run);
    assert_eq!((before.messages, after.messages), (7, 6));
    let fans = |manifest: &Manifest| (manifest.rounds[0].entrants, manifest.rounds[0].lines);
    assert_eq!((fans(&before), fans(&after)), ((3, 3), (2, 2)));
    assert_ne!(before.digest, after.digest);
    assert_ne!(before.rounds[0].standings, after.rounds[0].standings);
}

#[test]
fn the_window_is_that_of_the_seal() {
    let mut run = run();
    let window =
        |close: i64| serde_json::json!([{"round": 1, "open": crate::made::START, "close": close}]);
    let act = serde_json::json!({"type": "round", "v": 1, "campaign": "c", "round": 1, "verb": "shift",
        "at": 0, "windows": window(crate::made::START + 2)});
    run.control.insert(2, act);
    let [before, after] = both(&run);
    assert_eq!(
        [before, after].map(|manifest| manifest.rounds[0].lines),
        [3, 2]
    );
}

#[test]
fn an_export_without_control_or_messages_is_named() {
    for name in ["control.jsonl", "accepted.jsonl"] {
        let dir = tempfile::tempdir().unwrap();
        run().write(dir.path());
        std::fs::remove_file(dir.path().join("export").join(name)).unwrap();
        let error = scored(dir.path(), true).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains(name), "{error}");
    }
}
