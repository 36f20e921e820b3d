//! A recording as far as it came to count in a run: what stands in `accepted` of an export, each round up to the cut of its
//! seal, by the windows of the seals. What `oracle --cuts` scores.

use super::accepted;
use super::control::{self, Control};
use super::lines::LinesError;
use super::messages::Messages;
use super::rescore;
use super::seals::Confirmed;
use crate::oracle::{Cuts, Place};
use campaign::Campaign;
use std::io;
use std::path::Path;

/// See the module.
#[derive(Debug)]
pub struct CutOff {
    messages: Messages,
    /// The cuts of the rounds that were sealed.
    pub cuts: Cuts,
    /// The campaign with the windows that stood in the end.
    pub campaign: Campaign,
}

impl CutOff {
    /// Reads recording and export; `text` is the campaign's file.
    ///
    /// # Errors
    /// [`LinesError`] when something is missing or damaged.
    pub fn read(
        recording: &Path,
        export: &Path,
        campaign: &Campaign,
        text: &str,
    ) -> Result<Self, LinesError> {
        let mut messages = Messages::of_recording(recording, 0)?;
        let accepted = accepted::read(&export.join("accepted.jsonl"), &mut messages)?;
        let path = export.join("control.jsonl");
        if !path.exists() {
            let source = io::Error::new(io::ErrorKind::NotFound, "spillway export writes it");
            return Err(LinesError::Io { path, source });
        }
        let control = control::read(&path, &campaign.id, Confirmed::default())?;
        let mut campaign = campaign.clone();
        let windows = rescore::Windows::Correcting(version_of(&control, text));
        rescore::move_windows(&control, windows, &mut campaign);
        Ok(Self {
            cuts: rescore::cuts(&control, &accepted),
            messages,
            campaign,
        })
    }

    /// Where a message of the recording stands in `inbound`; `None` when it is not in the log. One that cannot be
    /// parsed stands nowhere, and is none.
    #[must_use]
    pub fn place(&self, n: u64) -> Option<Place> {
        let message = self.messages.all.get(usize::try_from(n).ok()?)?;
        let (partition, offset) = (message.partition, message.offset);
        (message.accepted > 0 || !message.readable).then_some(Place { partition, offset })
    }
}

/// The published version that a file is, if it is one.
fn version_of(control: &Control, text: &str) -> Option<u64> {
    let mut versions = control.versions.iter().rev();
    versions
        .find(|(_, version)| version.toml == text)
        .map(|(number, _)| *number)
}
