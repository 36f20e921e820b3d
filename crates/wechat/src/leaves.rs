//! The leaves of a message: everything it said, by path, in the order of the document. Never here:
//! what a path means.

use std::collections::BTreeMap;

/// Paths (without the root, joined by `/`) and values. Unknown elements stand here like known ones (I-4).
///
/// All of them stand in one text, one behind the other: a message is two allocations, not two for each leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Leaves {
    text: String,
    spans: Vec<Span>,
}

/// Where a leaf stands: its path from the end of the leaf before it, its value from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    path: usize,
    value: usize,
    end: usize,
    parent: u32,
}

impl Leaves {
    /// Room for the leaves of a body of so many bytes.
    pub(crate) fn of_body(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            spans: Vec::with_capacity(8),
        }
    }

    pub(crate) fn push(&mut self, path: &str, parent: u32, value: &str) {
        let start = self.text.len();
        self.text.push_str(path);
        let middle = self.text.len();
        self.text.push_str(value);
        self.spans.push(Span {
            path: start,
            value: middle,
            end: self.text.len(),
            parent,
        });
    }

    /// Every path and value, in the order of the document.
    pub(crate) fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.spans.iter().map(|span| self.pair(span))
    }

    fn pair(&self, span: &Span) -> (&str, &str) {
        let piece = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        (piece(span.path, span.value), piece(span.value, span.end))
    }

    /// Value of the first leaf with this path: of an element given twice the first stands.
    pub(crate) fn first(&self, path: &str) -> Option<&str> {
        let known = |span: &&Span| {
            // Most paths differ in their length already.
            span.value.saturating_sub(span.path) == path.len()
                && self.text.as_bytes().get(span.path..span.value) == Some(path.as_bytes())
        };
        let span = self.spans.iter().find(known)?;
        self.text.get(span.value..span.end)
    }

    /// As [`Leaves::first`]; an absent element and an empty one are the same.
    pub(crate) fn filled(&self, path: &str) -> Option<&str> {
        self.first(path).filter(|value| !value.is_empty())
    }

    /// The first value, or nothing at all.
    pub(crate) fn text(&self, path: &str) -> String {
        self.first(path).unwrap_or_default().to_owned()
    }

    /// The first value unless it is empty.
    pub(crate) fn optional(&self, path: &str) -> Option<String> {
        self.filled(path).map(str::to_owned)
    }

    /// The first value as a number; what is no number is absent here and still a leaf.
    pub(crate) fn number(&self, path: &str) -> Option<u64> {
        self.first(path).and_then(|value| value.trim().parse().ok())
    }

    /// Every value with this path.
    pub(crate) fn all(&self, path: &str) -> Vec<String> {
        self.pairs()
            .filter(|(known, _)| *known == path)
            .map(|(_, value)| value.to_owned())
            .collect()
    }

    /// The leaves directly inside each element with this path, one group per element, in order.
    pub(crate) fn items(&self, path: &str) -> Vec<Item<'_>> {
        let mut items: BTreeMap<u32, Item<'_>> = BTreeMap::new();
        for span in &self.spans {
            let (known, value) = self.pair(span);
            let name = known
                .strip_prefix(path)
                .and_then(|rest| rest.strip_prefix('/'));
            if let Some(name) = name.filter(|name| !name.contains('/')) {
                items.entry(span.parent).or_default().0.push((name, value));
            }
        }
        items.into_values().collect()
    }
}

/// The leaves of one list item, by name.
#[derive(Debug, Default)]
pub(crate) struct Item<'l>(Vec<(&'l str, &'l str)>);

impl Item<'_> {
    /// The first value with this name, or nothing at all.
    pub(crate) fn text(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value).to_owned()
    }
}
