//! Templates: text with typed variables. What a fan wrote is never read as a template.

use crate::time::CLOCK_TEXT_MAX_BYTES;

/// What the names of templates begin with that no file has written.
pub(crate) const BUILT_IN: &str = "builtin:";

/// What a template can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variable {
    /// How the fan is addressed; the platform gives no names, so its default text is what fans see.
    Fan,
    /// Number of the round that the message is about, else of the open one, else of the next.
    Round,
    /// Value of the answer.
    Answer,
    /// When the next round opens.
    NextOpen,
    /// Score of the fan: not known when a message is answered.
    Score,
    /// Entrant code of the fan: it follows from the fan and the campaign, so every reply can name it.
    Code,
    /// What was won: not known when a message is answered.
    Prize,
}

impl Variable {
    /// Every variable with its name in braces.
    pub const ALL: [(&'static str, Self); 7] = [
        ("fan", Self::Fan),
        ("round", Self::Round),
        ("answer", Self::Answer),
        ("next_open", Self::NextOpen),
        ("score", Self::Score),
        ("code", Self::Code),
        ("prize", Self::Prize),
    ];

    /// Its name in braces.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, variable)| *variable == self)
            .map_or("", |(name, _)| name)
    }
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text as it is.
    Literal(String),
    /// A variable.
    Variable {
        /// Which.
        variable: Variable,
        /// What stands there when it has no value.
        default: Option<String>,
    },
}

/// A template, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    /// Line of the template in the file.
    pub line: usize,
}

/// What the variables of a passive reply stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Number of the round.
    pub round: Option<u16>,
    /// Value of the answer.
    pub answer: Option<&'a str>,
    /// When the next round opens, as a fan reads it.
    pub next_open: Option<&'a str>,
    /// Entrant code of the fan.
    pub code: Option<&'a str>,
}

impl Template {
    /// Reads a template. `{name}` and `{name|default text}` are variables, `{{` and `}}` are braces.
    ///
    /// # Errors
    /// Says which variable is unknown or which brace is not closed.
    pub fn parse(text: &str, line: usize) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            literal.push_str(&rest[..place]);
            let tail = &rest[place..];
            if tail.starts_with("{{") || tail.starts_with("}}") {
                literal.push_str(&tail[..1]);
                rest = &tail[2..];
            } else if let Some(inner) = tail.strip_prefix('{') {
                let end = inner
                    .find('}')
                    .ok_or("has a '{' without its '}'; write '{{' for a brace in the text")?;
                if !literal.is_empty() {
                    segments.push(Segment::Literal(std::mem::take(&mut literal)));
                }
                segments.push(variable(&inner[..end])?);
                rest = &inner[end + 1..];
            } else {
                return Err("has a '}' without its '{'; write '}}' for a brace".to_owned());
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal));
        }
        Ok(Self { segments, line })
    }

    /// Its pieces in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the variable stands somewhere in it.
    #[must_use]
    pub fn names(&self, wanted: Variable) -> bool {
        self.segments.iter().any(
            |segment| matches!(segment, Segment::Variable { variable, .. } if *variable == wanted),
        )
    }

    /// The text with every variable in its place. A value is put in as it is and never read again.
    #[must_use]
    pub fn render(&self, facts: &Facts<'_>) -> String {
        let mut text = String::with_capacity(160);
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => text.push_str(literal),
                Segment::Variable { variable, default } => {
                    let default = default.as_deref().unwrap_or("");
                    match variable {
                        Variable::Round => match facts.round {
                            Some(round) => text.push_str(&round.to_string()),
                            None => text.push_str(default),
                        },
                        Variable::Answer => text.push_str(facts.answer.unwrap_or(default)),
                        Variable::NextOpen => text.push_str(facts.next_open.unwrap_or(default)),
                        Variable::Code => text.push_str(facts.code.unwrap_or(default)),
                        Variable::Fan | Variable::Score | Variable::Prize => {
                            text.push_str(default);
                        }
                    }
                }
            }
        }
        text
    }

    /// Most bytes it can become, when an answer's value has at most `answer_max_bytes`.
    #[must_use]
    pub fn max_bytes(&self, answer_max_bytes: usize) -> usize {
        const ROUND_MAX_BYTES: usize = 5;
        const CODE_BYTES: usize = 32;
        let longest = |value: usize, default: &Option<String>| {
            value.max(default.as_deref().map_or(0, str::len))
        };
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(literal) => literal.len(),
                Segment::Variable { variable, default } => match variable {
                    Variable::Round => longest(ROUND_MAX_BYTES, default),
                    Variable::Answer => longest(answer_max_bytes, default),
                    Variable::NextOpen => longest(CLOCK_TEXT_MAX_BYTES, default),
                    Variable::Code => longest(CODE_BYTES, default),
                    Variable::Fan | Variable::Score | Variable::Prize => longest(0, default),
                },
            })
            .fold(0, usize::saturating_add)
    }

    /// Everything that it can say besides values of variables, for the lint's list of words.
    #[must_use]
    pub fn spoken_words(&self) -> String {
        let words = self.segments.iter().map(|segment| match segment {
            Segment::Literal(literal) => literal.as_str(),
            Segment::Variable { default, .. } => default.as_deref().unwrap_or(""),
        });
        words.collect()
    }
}

/// Reads what stands between two braces.
fn variable(inner: &str) -> Result<Segment, String> {
    let (name, default) = match inner.split_once('|') {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inner, None),
    };
    if let Some((_, variable)) = Variable::ALL.iter().find(|(known, _)| *known == name) {
        return Ok(Segment::Variable {
            variable: *variable,
            default,
        });
    }
    let known = Variable::ALL.map(|(known, _)| known);
    Err(format!(
        "names an unknown variable {{{name}}}; {}",
        crate::read::nearest(name, &known)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variables_and_defaults_are_put_in_r_18() {
        let template = Template::parse("{fan|米粉}，第{round}题：{answer|?} {{x}}", 1).unwrap();
        let facts = Facts {
            round: Some(3),
            ..Facts::default()
        };
        assert_eq!(template.render(&facts), "米粉，第3题：? {x}");
        let template = Template::parse("{code}", 1).unwrap();
        let facts = Facts {
            code: Some("04d9"),
            ..Facts::default()
        };
        assert_eq!(template.render(&facts), "04d9");
    }

    #[test]
    fn what_a_fan_wrote_is_never_a_template_r_18() {
        let template = Template::parse("收到{answer}", 1).unwrap();
        let facts = Facts {
            answer: Some("{fan|x}{{"),
            ..Facts::default()
        };
        assert_eq!(template.render(&facts), "收到{fan|x}{{");
    }

    #[test]
    fn unknown_variables_name_the_nearest() {
        let error = Template::parse("第{ruond}题", 1).unwrap_err();
        assert!(
            error.contains("{ruond}") && error.contains("'round'"),
            "{error}"
        );
        assert!(Template::parse("{round", 1).is_err());
        assert!(Template::parse("round}", 1).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_the_worst_case(
            text in "([a{}|第]|\\{round\\}|\\{answer\\|無\\}|\\{next_open\\|\\}|\\{code\\}){0,20}",
            round: Option<u16>,
            answer in proptest::option::of("[A-K]{1,11}"),
        ) {
            if let Ok(template) = Template::parse(&text, 1) {
                let code = "0123456789abcdef0123456789abcdef";
                let next_open = Some("12月31日 23:59:59");
                let facts = Facts { round, answer: answer.as_deref(), next_open, code: Some(code) };
                prop_assert!(template.render(&facts).len() <= template.max_bytes(11));
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC*") {
            let _read: Result<Template, String> = Template::parse(&text, 1);
        }
    }
}
