//! What makes templates wrong: length, variables without a value, words that state an effect or a position.

use crate::MAX_REPLY_BYTES;
use crate::effect::effect_stated;
use crate::model::Campaign;
use crate::problem::Problem;
use crate::read::Notes;
use crate::rules::MenuAction;
use crate::slots::Slot;
use crate::template::{BUILT_IN, Segment, Template, Variable};
use std::collections::HashSet;

/// A place that uses templates.
struct Use<'c> {
    key: String,
    line: usize,
    slot: Option<Slot>,
    templates: &'c [String],
}

/// Notes everything that is wrong with templates and those who name them.
pub(crate) fn check(campaign: &Campaign, notes: &mut Notes) {
    let mut used = HashSet::new();
    for place in uses(campaign) {
        if place.templates.is_empty() {
            notes.error(
                place.line,
                place.key.clone(),
                "must name at least one template",
            );
        }
        for name in place.templates {
            used.insert(name.as_str());
            match campaign.templates.get(name) {
                Some(template) => in_place(template, name, &place, campaign, notes),
                None => unknown(name, &place, campaign, notes),
            }
        }
    }
    let answer = campaign
        .rounds
        .iter()
        .map(|round| round.question.answer_max_bytes())
        .max();
    for (name, template) in &campaign.templates {
        let key = format!("templates.{name}");
        let most = template.max_bytes(answer.unwrap_or(0));
        if most > MAX_REPLY_BYTES {
            let message = format!("can become {most} bytes; a reply has at most {MAX_REPLY_BYTES}");
            notes.error(template.line, key.clone(), message);
        }
        let says = |segment: &Segment| most > 0 && may_say(segment);
        if !template.segments().iter().any(says) {
            notes.error(
                template.line,
                key.clone(),
                "says nothing; write its words, or leave it out",
            );
        }
        if !used.contains(name.as_str()) {
            notes.push(Problem::warning(
                Some(template.line),
                key,
                "no slot and no rule uses it; name it in one, or leave it out",
            ));
        }
    }
}

fn uses(campaign: &Campaign) -> Vec<Use<'_>> {
    let slots = campaign.slots.iter().map(|(slot, entry)| Use {
        key: format!("slots.{}", slot.name()),
        line: entry.line,
        slot: Some(slot),
        templates: &entry.templates,
    });
    let rules = campaign.rules.iter().map(|rule| Use {
        key: format!("rule[{}].templates", rule.id),
        line: rule.line,
        slot: None,
        templates: &rule.templates,
    });
    let menu = campaign.menu.iter().filter_map(|item| match &item.action {
        MenuAction::Reply { templates } => Some(Use {
            key: format!("menu[{}].templates", item.id),
            line: item.line,
            slot: None,
            templates,
        }),
        MenuAction::Answer { .. } => None,
    });
    slots.chain(rules).chain(menu).collect()
}

fn unknown(name: &str, place: &Use<'_>, campaign: &Campaign, notes: &mut Notes) {
    let written = campaign.templates.keys().map(String::as_str);
    let known: Vec<&str> = written.filter(|name| !name.starts_with(BUILT_IN)).collect();
    let way_out = crate::read::nearest(name, &known);
    notes.error(
        place.line,
        place.key.clone(),
        format!("no template '{name}'; {way_out}"),
    );
}

fn in_place(
    template: &Template,
    name: &str,
    place: &Use<'_>,
    campaign: &Campaign,
    notes: &mut Notes,
) {
    let key = format!("templates.{name}");
    for segment in template.segments() {
        let Segment::Variable { variable, default } = segment else {
            continue;
        };
        let braces = variable.name();
        match (variable, default) {
            (Variable::Score | Variable::Prize, _) => {
                let message = format!(
                    "{{{braces}}} is not known when a message is answered; results are told by other means"
                );
                notes.error(template.line, key.clone(), message);
            }
            (_, None) if !always_known(*variable, place.slot, campaign) => {
                let message = format!(
                    "{{{braces}}} may have no value in {}; give it one, like {{{braces}|…}}",
                    place.key
                );
                notes.error(template.line, key.clone(), message);
            }
            _ => {}
        }
    }
    let says = |segment: &Segment| always_says(segment, place.slot, campaign);
    let segments = template.segments();
    if segments.iter().any(may_say) && !segments.iter().any(says) {
        let message = format!(
            "may say nothing in {}; write words besides its variables, or give one a default that can be read",
            place.key
        );
        notes.error(template.line, key.clone(), message);
    }
    let of_the_contest = place.slot.is_some_and(Slot::speaks_of_the_contest);
    if let Some(word) = effect_stated(&template.spoken_words(), of_the_contest) {
        let message = format!(
            "says '{word}': a reply states receipt, never effect (used by {}); say no more than that it has arrived",
            place.key
        );
        notes.error(template.line, key, message);
    }
}

/// Whether something can be read of a text once it stands in a reply: characters that XML forbids are taken out
/// there, and blanks alone are no text.
fn can_be_read(text: &str) -> bool {
    let forbidden =
        |c: char| (c.is_ascii_control() && c != '\u{7f}') || "\u{fffe}\u{ffff}".contains(c);
    text.chars().any(|c| !forbidden(c) && !c.is_whitespace())
}

/// Whether a piece can put something to read into some reply.
fn may_say(segment: &Segment) -> bool {
    match segment {
        Segment::Literal(literal) => can_be_read(literal),
        // What has no value in any reply is told as such.
        Segment::Variable {
            variable: Variable::Fan | Variable::Score | Variable::Prize,
            default,
        } => default.as_deref().is_none_or(can_be_read),
        Segment::Variable { .. } => true,
    }
}

/// Whether a piece puts something to read into every reply of this slot.
fn always_says(segment: &Segment, slot: Option<Slot>, campaign: &Campaign) -> bool {
    match segment {
        Segment::Literal(literal) => can_be_read(literal),
        Segment::Variable { variable, default } => {
            // Without a default where one is needed, that is what is told.
            let default = default.as_deref().is_none_or(can_be_read);
            default || always_known(*variable, slot, campaign)
        }
    }
}

/// Whether a variable has a value whenever this slot speaks; outside the slots only the code is sure.
fn always_known(variable: Variable, slot: Option<Slot>, campaign: &Campaign) -> bool {
    let Some(slot) = slot else {
        return variable == Variable::Code;
    };
    match variable {
        Variable::Code => true,
        Variable::Round => {
            // A slot that needs rounds to speak at all has one to name.
            let rounds = !campaign.rounds.is_empty();
            rounds
                && matches!(
                    slot,
                    Slot::Join
                        | Slot::Answer
                        | Slot::WrongFormat
                        | Slot::Late
                        | Slot::Early
                        | Slot::NotStarted
                        | Slot::BetweenRounds
                )
        }
        Variable::Answer => slot == Slot::Answer,
        Variable::NextOpen => matches!(slot, Slot::Early | Slot::NotStarted | Slot::BetweenRounds),
        Variable::Fan | Variable::Score | Variable::Prize => false,
    }
}
