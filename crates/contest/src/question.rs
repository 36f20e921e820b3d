//! The question detector (H-1): a simple score whose every point can be named. Never a black box.

use crate::literals::Literals;
use crate::normal::Normaliser;
use campaign::Detector;

/// The detector's words in their plain forms.
#[derive(Debug, Clone)]
pub(crate) struct Questions {
    interrogatives: Literals,
    service_nouns: Literals,
    complaints: Literals,
    long_from_chars: usize,
    threshold: u32,
}

impl Questions {
    pub(crate) fn new(detector: &Detector, normaliser: &Normaliser) -> Self {
        let plain =
            |words: &[String]| Literals::new(words.iter().map(|word| normaliser.plain(word)));
        Self {
            interrogatives: plain(&detector.interrogatives),
            service_nouns: plain(&detector.service_nouns),
            complaints: plain(&detector.complaints),
            long_from_chars: detector.long_from_chars,
            threshold: detector.threshold,
        }
    }

    /// The score of a plain form.
    pub(crate) fn score(&self, plain: &str) -> u32 {
        let long = plain
            .chars()
            .filter(|c| *c != ' ')
            .take(self.long_from_chars)
            .count()
            == self.long_from_chars;
        u32::from(self.interrogatives.any_in(plain)) * Detector::INTERROGATIVE
            + u32::from(self.service_nouns.any_in(plain)) * Detector::SERVICE_NOUN
            + u32::from(self.complaints.any_in(plain)) * Detector::COMPLAINT
            + u32::from(long) * Detector::LENGTH
    }

    /// Whether a plain form is a question.
    pub(crate) fn asks(&self, plain: &str) -> bool {
        self.score(plain) >= self.threshold
    }
}
