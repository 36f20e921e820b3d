//! The words of a passive reply: a pure function of the message and the campaign. Never
//! whether they are spoken: coalescing and throttling belong to the node.

use crate::class::Class;
use crate::classify::Message;
use crate::compiled::Compiled;
use crate::event::EventClass;
use campaign::{
    Facts, MenuAction, Slot, Standing, Template, Variable, civil_day, clock_text, day_second,
};
use sha2::{Digest, Sha256};

/// What a fan is told, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// The rule: a class with fixed words (`join`, `answer`, …), `keyword:ID` or `menu:ID`.
    pub rule: String,
    /// Name of the template.
    pub template: String,
    /// The words, at most 2 047 bytes.
    pub text: String,
    /// Class, round and answer value in one key: two messages of a fan with the same key within W need
    /// only one reply.
    pub coalesce: String,
}

/// Who speaks, and from where the template comes.
struct Choice<'c> {
    rule: String,
    templates: &'c [String],
    /// The slot, for what its variables mean.
    slot: Option<Slot>,
}

impl Compiled {
    /// The words for a message of this class; none only for events that expect none.
    #[must_use]
    pub fn reply(&self, message: &Message<'_>, class: &Class) -> Option<Spoken> {
        let choice = self.choice(message, class)?;
        let (name, template) = self.pick(&choice, message)?;
        let text = self.render(template, choice.slot, message, class);
        let coalesce = self.coalesce_key(message, class, &choice.rule);
        Some(Spoken {
            rule: choice.rule,
            template: name.to_owned(),
            text,
            coalesce,
        })
    }

    fn choice(&self, message: &Message<'_>, class: &Class) -> Option<Choice<'_>> {
        let at = message.create_time;
        Some(match class {
            Class::Join => self.of_the_contest("join", Slot::Join, at),
            Class::Answer { .. } => self.of_the_contest("answer", Slot::Answer, at),
            Class::WrongFormat { .. } => self.of_the_contest("wrong_format", Slot::WrongFormat, at),
            Class::Late { .. } => self.of_the_contest("late", Slot::Late, at),
            Class::Early { .. } => self.of_the_contest("early", Slot::Early, at),
            Class::Other | Class::Emoticon => self.of_the_contest("default", Slot::Default, at),
            Class::StaleMenu | Class::Event(EventClass::Click(_)) | Class::Menu(_) => {
                self.tapped(message, class)
            }
            Class::Preempt => match self.preempting(message) {
                Some(rule) => keyword(&rule.id, &rule.templates),
                None => self.of_the_contest("default", Slot::Default, at),
            },
            Class::Keyword(id) => match self.campaign.rules.iter().find(|rule| rule.id == *id) {
                Some(rule) => keyword(&rule.id, &rule.templates),
                None => self.of_the_contest("default", Slot::Default, at),
            },
            Class::Question if self.nobody_there(at) => self.slot("question", Slot::OutOfHours),
            Class::Question => self.slot("question", Slot::Question),
            Class::Media => self.slot("media", Slot::Media),
            Class::Mine => self.slot("mine", Slot::Mine),
            Class::Claim => self.slot("claim", Slot::Claim),
            Class::ClaimHelp => self.slot("claim_help", Slot::ClaimHelp),
            Class::Event(EventClass::Subscribe { scene }) => {
                let with_scene = *scene && self.campaign.slots.get(Slot::SubscribeScene).is_some();
                let slot = if with_scene {
                    Slot::SubscribeScene
                } else {
                    Slot::Subscribe
                };
                self.slot("subscribe", slot)
            }
            Class::Event(EventClass::Silent) => return None,
        })
    }

    fn slot(&self, rule: &str, slot: Slot) -> Choice<'_> {
        let templates = self.campaign.slots.templates(slot);
        Choice {
            rule: rule.to_owned(),
            templates,
            slot: Some(slot),
        }
    }

    /// Words that speak about rounds: neutral near an edge, and those of the hour while no round is
    /// open. The rule stays that of the class.
    fn of_the_contest(&self, rule: &str, slot: Slot, at: i64) -> Choice<'_> {
        if self.campaign.near_edge(at) {
            return self.slot(rule, Slot::Neutral);
        }
        let slot = match self.campaign.standing(at) {
            Standing::Open { .. } => slot,
            Standing::Before { .. } => Slot::NotStarted,
            Standing::Between { .. } => Slot::BetweenRounds,
            Standing::After { last } => {
                if slot == Slot::Default && self.nobody_there(at) {
                    Slot::OutOfHours
                } else if last.is_some() {
                    Slot::AfterEnd
                } else {
                    slot
                }
            }
        };
        self.slot(rule, slot)
    }

    /// A tap: words bound to it, else those for a stale menu, else those for anything.
    fn tapped(&self, message: &Message<'_>, class: &Class) -> Choice<'_> {
        let id = match class {
            Class::Menu(id) | Class::Event(EventClass::Click(id)) => id.as_str(),
            _ => "",
        };
        match self.menu.get(id) {
            Some(MenuAction::Reply { templates }) => Choice {
                rule: format!("menu:{id}"),
                templates,
                slot: None,
            },
            _ if self.campaign.slots.get(Slot::StaleMenu).is_some() => {
                self.slot("stale_menu", Slot::StaleMenu)
            }
            _ => self.of_the_contest("default", Slot::Default, message.create_time),
        }
    }

    /// Whether the campaign names hours of service, has words for the rest, and this is the rest,
    /// outside the rounds.
    fn nobody_there(&self, at: i64) -> bool {
        let hours = &self.campaign.service_hours;
        let calm = matches!(
            self.campaign.standing(at),
            Standing::Before { .. } | Standing::After { .. }
        );
        calm && !hours.is_empty()
            && self.campaign.slots.get(Slot::OutOfHours).is_some()
            && !hours.iter().any(|hours| hours.contains(day_second(at)))
    }

    /// Of several templates the one that this fan gets today: `H(rule‖fan‖day)`.
    fn pick(&self, choice: &Choice<'_>, message: &Message<'_>) -> Option<(&str, &Template)> {
        let count = u64::try_from(choice.templates.len()).unwrap_or(1).max(1);
        let place = if count == 1 {
            0
        } else {
            let mut hash = Sha256::new();
            hash.update(&choice.rule);
            hash.update(message.from);
            hash.update(civil_day(message.create_time));
            let head = hash
                .finalize()
                .iter()
                .take(8)
                .fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
            usize::try_from(head % count).unwrap_or(0)
        };
        let name = choice.templates.get(place)?;
        let (name, template) = self.campaign.templates.get_key_value(name)?;
        Some((name.as_str(), template))
    }

    fn render(
        &self,
        template: &Template,
        slot: Option<Slot>,
        message: &Message<'_>,
        class: &Class,
    ) -> String {
        let at = message.create_time;
        let (open, next) = match self.campaign.standing(at) {
            Standing::Before { next } => (None, Some(next)),
            Standing::Open { round, next } => (Some(round), next),
            Standing::Between { next, .. } => (None, Some(next)),
            Standing::After { .. } => (None, None),
        };
        let mut round = open.or(next).map(|round| round.number);
        let mut opening = next.map(|round| round.open);
        let of_the_hour = matches!(
            slot,
            Some(Slot::NotStarted | Slot::BetweenRounds | Slot::AfterEnd)
        );
        if !of_the_hour && let Some(about) = about(class) {
            round = Some(about);
            if matches!(class, Class::Early { .. }) {
                opening = self.campaign.round(about).map(|round| round.open);
            }
        }
        let answer = match class {
            Class::Answer { value, .. } => Some(value.as_str()),
            _ => None,
        };
        // A time in words costs more than all the rest, and few templates name one.
        let next_open = opening
            .filter(|_| template.names(Variable::NextOpen))
            .map(|opening| clock_text(opening, at));
        let code = template.names(Variable::Code);
        let code = code.then(|| self.code(message.from).to_string());
        template.render(&Facts {
            round,
            answer,
            next_open: next_open.as_deref(),
            code: code.as_deref(),
        })
    }

    /// The key of R-11. Keyword rules and menu entries speak each for themselves.
    fn coalesce_key(&self, message: &Message<'_>, class: &Class, rule: &str) -> String {
        let round = about(class)
            .or_else(|| {
                self.campaign
                    .round_at(message.create_time)
                    .map(|round| round.number)
            })
            .unwrap_or(0);
        let (speaks, value) = match class {
            Class::Answer { value, .. } => ("answer", value.as_str()),
            Class::Preempt | Class::Keyword(_) | Class::Menu(_) => (rule, ""),
            _ => (class.name(), ""),
        };
        [speaks, "/", &round.to_string(), "/", value].concat()
    }
}

/// The round that a class is about.
fn about(class: &Class) -> Option<u16> {
    match class {
        Class::Answer { round, .. }
        | Class::WrongFormat { round, .. }
        | Class::Late { round }
        | Class::Early { round } => Some(*round),
        _ => None,
    }
}

fn keyword<'c>(id: &str, templates: &'c [String]) -> Choice<'c> {
    Choice {
        rule: format!("keyword:{id}"),
        templates,
        slot: None,
    }
}
