//! Why a record of `accepted` was not judged. Kinds only; what follows from them is the runner's.

/// Why a record was not judged.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// It can never be judged.
    Reject {
        /// `unreadable`, `unknown_type`, `incomplete` or `campaign`.
        reason: &'static str,
        /// What exactly was wrong.
        detail: String,
    },
    /// The shelf could not be read.
    Shelf(E),
    /// A stored record is damaged, or of a layout that this version does not know.
    Damaged(&'static str),
}

pub(crate) fn read<'a, T: serde::Deserialize<'a>, E>(value: &'a [u8]) -> Result<T, Failure<E>> {
    record::parse(value).map_err(|error| reject("unreadable", error))
}

pub(crate) fn reject<E>(reason: &'static str, detail: impl std::fmt::Display) -> Failure<E> {
    Failure::Reject {
        reason,
        detail: detail.to_string(),
    }
}
