//! From the TOML document to the model: rules, menu, slots, templates, the detector's words.

use crate::model::Campaign;
use crate::read::{Item, Notes, Section};
use crate::rules::{
    DailyHours, Detector, MenuAction, MenuItem, MessageKind, Profile, Rule, RuleMatch, Schedule,
    Scope,
};
use crate::slots::{Slot, SlotEntry, Slots};
use crate::template::{BUILT_IN, Template};
use std::collections::BTreeMap;

const RULE_KEYS: &[&str] = &[
    "id",
    "enabled",
    "preempt",
    "match",
    "keywords",
    "profile",
    "kinds",
    "state",
    "schedule",
    "priority",
    "templates",
];
const MENU_KEYS: &[&str] = &["id", "round", "answer", "templates"];
const DETECTOR_KEYS: &[&str] = &[
    "interrogatives",
    "service_nouns",
    "complaints",
    "long_from_chars",
    "threshold",
];

/// Reads these parts of the document into the campaign.
pub(crate) fn into(root: &Section<'_, '_>, notes: &mut Notes, campaign: &mut Campaign) {
    let rules = root.tables(notes, "rule", RULE_KEYS);
    campaign.rules = rules
        .iter()
        .filter_map(|section| rule(section, notes))
        .collect();
    let menu = root.tables(notes, "menu", MENU_KEYS);
    campaign.menu = menu
        .iter()
        .filter_map(|section| menu_item(section, notes))
        .collect();
    campaign.slots = slots(root, notes);
    campaign.templates = templates(root, notes);
    built_in(campaign);
    campaign.detector = detector(root, notes);
    campaign.service_hours = hours(root.get(notes, "service_hours"), notes);
}

fn rule(section: &Section<'_, '_>, notes: &mut Notes) -> Option<Rule> {
    let id = section.need(notes, "id").and_then(|item| item.text(notes));
    let flag = |notes: &mut Notes, key: &str, absent: bool| {
        section
            .get(notes, key)
            .and_then(|item| item.boolean(notes))
            .unwrap_or(absent)
    };
    let (enabled, preempt) = (flag(notes, "enabled", true), flag(notes, "preempt", false));
    let match_kind = section
        .get(notes, "match")
        .and_then(|i| i.choice(notes, &RuleMatch::ALL));
    let profile = section
        .get(notes, "profile")
        .and_then(|i| i.choice(notes, &Profile::ALL));
    let keywords = section
        .need(notes, "keywords")
        .map(|item| item.texts(notes));
    let templates = section
        .need(notes, "templates")
        .map(|item| item.texts(notes));
    let kinds = choices(section, notes, "kinds", &MessageKind::ALL);
    let scopes = choices(section, notes, "state", &Scope::ALL);
    let schedule = schedule(section, notes);
    let priority = section.integer_in(notes, "priority", -1000..=1000, 0);
    let words_apart = matches!(match_kind, Some(RuleMatch::AllWords | RuleMatch::AnyWord));
    Some(Rule {
        id: id?,
        enabled,
        preempt,
        match_kind: match_kind.unwrap_or(RuleMatch::Exact),
        keywords: keywords?,
        profile: profile.unwrap_or(if words_apart {
            Profile::Plain
        } else {
            Profile::Tight
        }),
        kinds: if kinds.is_empty() {
            vec![MessageKind::Text]
        } else {
            kinds
        },
        scopes,
        schedule,
        priority,
        templates: templates?,
        line: section.line,
    })
}

fn choices<T: Copy>(
    section: &Section<'_, '_>,
    notes: &mut Notes,
    key: &str,
    all: &[(&str, T)],
) -> Vec<T> {
    let items = section
        .get(notes, key)
        .map(|item| item.list(notes))
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item.choice(notes, all))
        .collect()
}

fn schedule(section: &Section<'_, '_>, notes: &mut Notes) -> Schedule {
    let Some(section) = section
        .get(notes, "schedule")
        .and_then(|item| item.section(notes, Some(&["from", "until", "daily"])))
    else {
        return Schedule::default();
    };
    let from = section
        .get(notes, "from")
        .and_then(|item| item.instant(notes));
    let until = section
        .get(notes, "until")
        .and_then(|item| item.instant(notes));
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        notes.error(
            section.line,
            section.path_of("until"),
            "must lie after from",
        );
    }
    Schedule {
        from,
        until,
        daily: hours(section.get(notes, "daily"), notes),
    }
}

fn hours(item: Option<Item<'_, '_>>, notes: &mut Notes) -> Vec<DailyHours> {
    let items = item.map(|item| item.list(notes)).unwrap_or_default();
    let mut hours = Vec::new();
    for item in items {
        let Some(text) = item.text(notes) else {
            continue;
        };
        match daily(&text) {
            Some(daily) => hours.push(daily),
            None => notes.error(item.line, item.key, "must look like \"09:00-21:30\""),
        }
    }
    hours
}

/// Reads `09:00-21:30`.
fn daily(text: &str) -> Option<DailyHours> {
    let (from, until) = text.split_once('-')?;
    let second = |part: &str| {
        let (hour, minute) = part.trim().split_once(':')?;
        let two = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if plain {
                digits.parse::<i64>().ok()
            } else {
                None
            }
        };
        let (hour, minute) = (two(hour)?, two(minute)?);
        (hour * 60 + minute <= 24 * 60 && minute < 60).then_some(hour * 3600 + minute * 60)
    };
    let (from_s, until_s) = (second(from)?, second(until)?);
    (from_s != until_s).then_some(DailyHours { from_s, until_s })
}

fn menu_item(section: &Section<'_, '_>, notes: &mut Notes) -> Option<MenuItem> {
    let id = section
        .need(notes, "id")
        .and_then(|item| item.text(notes))?;
    let round = section.get(notes, "round").is_some();
    let round = round.then(|| section.integer_in(notes, "round", 1..=99, 0));
    let answer = section
        .get(notes, "answer")
        .and_then(|item| item.text(notes));
    let templates = section
        .get(notes, "templates")
        .map(|item| item.texts(notes));
    let action = match (round, answer, templates) {
        (Some(round), Some(value), None) => MenuAction::Answer {
            round: u16::try_from(round).unwrap_or(0),
            value,
        },
        (None, None, Some(templates)) => MenuAction::Reply { templates },
        _ => {
            let message =
                "needs either round and answer, or templates, and never both; write one of the two";
            notes.error(section.line, section.path.clone(), message);
            return None;
        }
    };
    Some(MenuItem {
        id,
        action,
        line: section.line,
    })
}

fn slots(root: &Section<'_, '_>, notes: &mut Notes) -> Slots {
    let mut slots = Slots::default();
    let known = Slot::ALL.map(|(name, _, _)| name);
    let Some(section) = root
        .need(notes, "slots")
        .and_then(|item| item.section(notes, Some(&known)))
    else {
        return slots;
    };
    for (name, slot, required) in Slot::ALL {
        match section.get(notes, name) {
            Some(item) => {
                let templates = item.texts(notes);
                slots.fill(
                    slot,
                    SlotEntry {
                        templates,
                        line: item.line,
                    },
                );
            }
            None if required => {
                let message =
                    "is missing: without it some fans would get no words; name a template for it";
                notes.error(section.line, section.path_of(name), message);
            }
            None => {}
        }
    }
    slots
}

fn templates(root: &Section<'_, '_>, notes: &mut Notes) -> BTreeMap<String, Template> {
    let mut templates = BTreeMap::new();
    let Some(section) = root
        .need(notes, "templates")
        .and_then(|item| item.section(notes, None))
    else {
        return templates;
    };
    for item in section.items(notes) {
        let Some(text) = item.text(notes) else {
            continue;
        };
        let name = item
            .key
            .strip_prefix("templates.")
            .unwrap_or(&item.key)
            .to_owned();
        match Template::parse(&text, item.line) {
            Ok(template) => {
                templates.insert(name, template);
            }
            Err(reason) => notes.error(item.line, item.key, reason),
        }
    }
    templates
}

/// Fills the slots that have words without the file's.
fn built_in(campaign: &mut Campaign) {
    let claim = campaign.claim.keywords.first().cloned().unwrap_or_default();
    for (name, slot, _) in Slot::ALL {
        let words = slot.built_in(&claim);
        let words = words.filter(|_| campaign.slots.get(slot).is_none());
        let Some(Ok(template)) = words.map(|words| Template::parse(&words, 1)) else {
            continue;
        };
        let own = format!("{BUILT_IN}{name}");
        let entry = SlotEntry {
            templates: vec![own.clone()],
            line: 1,
        };
        campaign.slots.fill(slot, entry);
        campaign.templates.entry(own).or_insert(template);
    }
}

fn detector(root: &Section<'_, '_>, notes: &mut Notes) -> Detector {
    let mut detector = Detector::default();
    let Some(section) = root
        .get(notes, "detector")
        .and_then(|item| item.section(notes, Some(DETECTOR_KEYS)))
    else {
        return detector;
    };
    let mut words = |key: &str, list: &mut Vec<String>| {
        if let Some(item) = section.get(notes, key) {
            *list = item.texts(notes);
            if list.iter().any(|word| word.trim().is_empty()) {
                let message = "an empty word stands in every text; leave it out";
                notes.error(item.line, item.key, message);
            }
        }
    };
    words("interrogatives", &mut detector.interrogatives);
    words("service_nouns", &mut detector.service_nouns);
    words("complaints", &mut detector.complaints);
    let long = section.integer_in(notes, "long_from_chars", 1..=1000, 5);
    detector.long_from_chars = usize::try_from(long).unwrap_or(5);
    let threshold = section.integer_in(notes, "threshold", 1..=7, 3);
    detector.threshold = u32::try_from(threshold).unwrap_or(3);
    detector
}
