//! A disk whose syncs fail, or are slow, while a test says so: a small library that is loaded into the nodes of a
//! scene. Everything else about their disk is real.

use super::{Scene, succeed};
use std::path::PathBuf;
use std::process::Command;

/// What the syncs of a journal's topic do from now on.
pub(crate) struct Syncs {
    fails: PathBuf,
    slow: PathBuf,
}

impl Syncs {
    /// Takes hold of the syncs of this topic on every node that the scene starts from now on; at first they are as ever.
    /// A slow one takes `slow_ms` longer.
    pub(crate) fn of(scene: &mut Scene, topic: &str, slow_ms: u32) -> Self {
        let (source, library) = (scene.path("preload.c"), scene.path("preload.so"));
        std::fs::write(&source, include_str!("preload.c")).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]);
        succeed(cc.arg(&library).arg(&source).arg("-ldl"));
        let syncs = Self {
            fails: scene.path("syncs-fail"),
            slow: scene.path("syncs-are-slow"),
        };
        let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
        scene.env.extend([
            ("LD_PRELOAD", text(&library)),
            ("SYNC_OF", format!("/log/{topic}/")),
            ("SYNC_FAILS", text(&syncs.fails)),
            ("SYNC_SLOW", text(&syncs.slow)),
            ("SYNC_SLOW_MS", slow_ms.to_string()),
        ]);
        syncs
    }

    /// They fail, or do so no longer.
    pub(crate) fn fail(&self, fail: bool) {
        set(&self.fails, fail);
    }

    /// They are slow, or so no longer.
    pub(crate) fn slow(&self, slow: bool) {
        set(&self.slow, slow);
    }
}

fn set(path: &PathBuf, there: bool) {
    if there {
        std::fs::write(path, "").unwrap();
    } else {
        std::fs::remove_file(path).unwrap();
    }
}
