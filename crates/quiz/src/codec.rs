//! The bytes of small records: varints, texts, spans. No meaning, only layout.

/// The first and the last second of something that happened more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The smallest CreateTime.
    pub first: i64,
    /// The largest CreateTime.
    pub last: i64,
}

impl Span {
    /// A span of one second.
    #[must_use]
    pub fn at(second: i64) -> Self {
        Self {
            first: second,
            last: second,
        }
    }

    /// Takes a second into `span`. Whether it has changed.
    pub fn extend(span: &mut Option<Self>, second: i64) -> bool {
        let before = *span;
        let old = before.unwrap_or(Self::at(second));
        *span = Some(Self {
            first: old.first.min(second),
            last: old.last.max(second),
        });
        *span != before
    }

    /// Both ends; one when they are the same.
    pub fn ends(self) -> impl Iterator<Item = i64> {
        let last = (self.last != self.first).then_some(self.last);
        std::iter::once(self.first).chain(last)
    }
}

#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(crate) fn signed(&mut self, number: i64) {
        self.unsigned(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.unsigned(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn span(&mut self, span: Span) {
        self.signed(span.first);
        self.signed(span.last.wrapping_sub(span.first));
    }
}

/// Reads what [`Writer`] wrote; `None` is damage.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let zigzag = self.unsigned()?;
        Some((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.unsigned()?).ok()?;
        std::str::from_utf8(self.take(length)?)
            .ok()
            .map(str::to_owned)
    }

    pub(crate) fn span(&mut self) -> Option<Span> {
        let first = self.signed()?;
        Some(Span {
            first,
            last: first.wrapping_add(self.signed()?),
        })
    }

    pub(crate) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_texts_round_trip(u: u64, i: i64, first: i64, last: i64, text: String) {
            let mut writer = Writer::default();
            writer.unsigned(u);
            writer.signed(i);
            writer.span(Span { first, last });
            writer.text(&text);
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(reader.unsigned(), Some(u));
            prop_assert_eq!(reader.signed(), Some(i));
            prop_assert_eq!(reader.span(), Some(Span { first, last }));
            prop_assert_eq!(reader.text(), Some(text));
            prop_assert_eq!(reader.end(), Some(()));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader(&bytes);
            while reader.signed().is_some() {}
            prop_assert!(Reader(&bytes).text().is_none_or(|text| text.len() < bytes.len()));
        }
    }

    #[test]
    fn a_span_knows_its_ends() {
        let mut span = None;
        assert!(Span::extend(&mut span, 5));
        assert!(!Span::extend(&mut span, 5));
        assert!(Span::extend(&mut span, 9));
        assert!(!Span::extend(&mut span, 7));
        assert_eq!(span.unwrap().ends().collect::<Vec<_>>(), [5, 9]);
        assert_eq!(Span::at(3).ends().collect::<Vec<_>>(), [3]);
    }
}
