//! Walks a TOML document with the place of every key, collecting problems. Knows nothing of campaigns.

use crate::problem::Problem;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys of the file itself that are easily written below a table, which takes them for its own.
const BEFORE_TABLES: [&str; 4] = ["terms", "correction", "prize_cap_yuan", "coalesce_window_s"];

/// Problems found so far, and where lines begin.
#[derive(Debug)]
pub(crate) struct Notes {
    line_starts: Vec<usize>,
    list: Vec<Problem>,
}

impl Notes {
    /// For this text.
    pub(crate) fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(breaks.map(|(place, _)| place + 1))
            .collect();
        Self {
            line_starts,
            list: Vec::new(),
        }
    }

    /// Line, from 1, of a byte of the text.
    pub(crate) fn line(&self, place: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= place)
    }

    /// Notes a problem for which the file is refused.
    pub(crate) fn error(
        &mut self,
        line: usize,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.list.push(Problem::error(Some(line), key, message));
    }

    /// Notes any problem.
    pub(crate) fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// All that was noted.
    pub(crate) fn into_list(self) -> Vec<Problem> {
        self.list
    }
}

/// A value with its dotted path and line.
#[derive(Debug, Clone)]
pub(crate) struct Item<'a, 'i> {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: &'a DeValue<'i>,
}

impl<'a, 'i> Item<'a, 'i> {
    fn wrong<T>(&self, notes: &mut Notes, wanted: &str) -> Option<T> {
        let found = self.value.type_str();
        notes.error(
            self.line,
            self.key.clone(),
            format!("must be {wanted}, is {} {found}", article(found)),
        );
        None
    }

    /// As text.
    pub(crate) fn text(&self, notes: &mut Notes) -> Option<String> {
        match self.value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => self.wrong(notes, "a text"),
        }
    }

    /// As a whole number.
    pub(crate) fn integer(&self, notes: &mut Notes) -> Option<i64> {
        let number = self.value.as_integer();
        match number.and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok()) {
            Some(number) => Some(number),
            None => self.wrong(notes, "a whole number"),
        }
    }

    /// As yes or no.
    pub(crate) fn boolean(&self, notes: &mut Notes) -> Option<bool> {
        match self.value.as_bool() {
            Some(yes) => Some(yes),
            None => self.wrong(notes, "true or false"),
        }
    }

    /// As an instant, in epoch seconds.
    pub(crate) fn instant(&self, notes: &mut Notes) -> Option<i64> {
        const SHAPE: &str = "a date-time with its offset, like 2013-04-09T14:00:00+08:00";
        match self.value.as_datetime() {
            Some(datetime) => match crate::time::instant(datetime) {
                Ok(instant) => Some(instant),
                Err(reason) => {
                    notes.error(self.line, self.key.clone(), reason);
                    None
                }
            },
            None => self.wrong(notes, SHAPE),
        }
    }

    /// As a list, one value standing for a list of one.
    pub(crate) fn list(&self, notes: &Notes) -> Vec<Item<'a, 'i>> {
        let Some(array) = self.value.as_array() else {
            return vec![self.clone()];
        };
        let item = |(place, value): (usize, &'a Spanned<DeValue<'i>>)| Item {
            key: format!("{}[{}]", self.key, place + 1),
            line: notes.line(value.span().start),
            value: value.get_ref(),
        };
        array.iter().enumerate().map(item).collect()
    }

    /// As a list of texts, one text standing for a list of one.
    pub(crate) fn texts(&self, notes: &mut Notes) -> Vec<String> {
        self.list(notes)
            .iter()
            .filter_map(|item| item.text(notes))
            .collect()
    }

    /// As a table that may only have these keys; with `None`, any.
    pub(crate) fn section(
        &self,
        notes: &mut Notes,
        known: Option<&[&str]>,
    ) -> Option<Section<'a, 'i>> {
        let Some(table) = self.value.as_table() else {
            return self.wrong(notes, "a table");
        };
        let section = Section {
            path: self.key.clone(),
            line: self.line,
            table,
        };
        if let Some(known) = known {
            section.refuse_unknown(notes, known);
        }
        Some(section)
    }

    /// As one of the named choices.
    pub(crate) fn choice<T: Copy>(&self, notes: &mut Notes, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(notes)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let way_out = nearest(&text, &names);
        notes.error(
            self.line,
            self.key.clone(),
            format!("'{text}' is not known here; {way_out}"),
        );
        None
    }
}

/// A table with its dotted path.
#[derive(Debug, Clone)]
pub(crate) struct Section<'a, 'i> {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) table: &'a DeTable<'i>,
}

impl<'a, 'i> Section<'a, 'i> {
    /// The dotted path of a key in it.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn refuse_unknown(&self, notes: &mut Notes, known: &[&str]) {
        for item in self.items(notes) {
            let name = item.key.strip_prefix(&self.path).unwrap_or(&item.key);
            let name = name.strip_prefix('.').unwrap_or(name);
            if !known.contains(&name) {
                let message = if BEFORE_TABLES.contains(&name) && !self.path.is_empty() {
                    format!("unknown key; '{name}' belongs above the first [table] of the file")
                } else {
                    format!("unknown key; {}", nearest(name, known))
                };
                notes.error(item.line, item.key.clone(), message);
            }
        }
    }

    /// Every entry.
    pub(crate) fn items(&self, notes: &Notes) -> Vec<Item<'a, 'i>> {
        let item = |(key, value): (&Spanned<_>, &'a Spanned<DeValue<'i>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            Item {
                key: self.path_of(name),
                line: notes.line(key.span().start),
                value: value.get_ref(),
            }
        };
        self.table.iter().map(item).collect()
    }

    /// The entry with this key.
    pub(crate) fn get(&self, notes: &Notes, key: &str) -> Option<Item<'a, 'i>> {
        let (found, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        let line = notes.line(found.span().start);
        Some(Item {
            key: self.path_of(key),
            line,
            value: value.get_ref(),
        })
    }

    /// The entry with this key, noting when it is not there.
    pub(crate) fn need(&self, notes: &mut Notes, key: &str) -> Option<Item<'a, 'i>> {
        let found = self.get(notes, key);
        if found.is_none() {
            let message = match key {
                "slots" | "templates" => format!("is missing; add a [{key}] table"),
                _ if self.path.is_empty() => {
                    format!("is missing; write {key} = … above the first [table] of the file")
                }
                _ => format!("is missing; write {key} = … in this table"),
            };
            notes.error(self.line, self.path_of(key), message);
        }
        found
    }

    /// The tables of an array of tables.
    pub(crate) fn tables(
        &self,
        notes: &mut Notes,
        key: &str,
        known: &[&str],
    ) -> Vec<Section<'a, 'i>> {
        let items = self
            .get(notes, key)
            .map(|item| item.list(notes))
            .unwrap_or_default();
        items
            .iter()
            .filter_map(|item| item.section(notes, Some(known)))
            .collect()
    }

    /// A whole number in a range, or the value used when it is absent.
    pub(crate) fn integer_in(
        &self,
        notes: &mut Notes,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
        absent: i64,
    ) -> i64 {
        let Some(item) = self.get(notes, key) else {
            return absent;
        };
        let Some(number) = item.integer(notes) else {
            return absent;
        };
        if !range.contains(&number) {
            let (low, high) = (range.start(), range.end());
            notes.error(
                item.line,
                item.key,
                format!("must lie in {low}..={high}, is {number}"),
            );
            return absent;
        }
        number
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// The way out of an unknown name: the nearest known one, or all of them.
pub(crate) fn nearest(name: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .min();
    match best {
        Some((distance, candidate)) if distance <= 1 + candidate.chars().count() / 3 => {
            format!("did you mean '{candidate}'?")
        }
        _ => format!("known are {}", known.join(", ")),
    }
}
