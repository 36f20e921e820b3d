//! The judgement of the contest by itself, on one thread: candidates scored, ranked and concluded beside the bare
//! hash of their lots; the event's texts classified with 200 keyword rules beside a bare hash of the texts.

use crate::failure::{Failure, tried};
use crate::node::CAMPAIGN;
use crate::report::{Place, Table, median, ratio};
use crate::requests::ROUND_OPEN;
use crate::server::succeed;
use ::contest::{
    Attempt, AttemptId, Compiled, Entrants, Facts, FanInRound, Field, Follow, Holders, Message,
    RoundJudge, Secret, Seed, Standing,
};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

/// The event that texts are taken from.
const PROFILE: &str = "fanfest-0409";
/// The first round, as the campaign file has it: seconds, and the right letter.
const WINDOW_S: i64 = 300;
const LETTERS: [&str; 12] = ["D", "D", "D", "D", "D", "D", "D", "A", "A", "B", "B", "C"];
/// Keyword rules of the campaign, its own nine included.
const RULES: usize = 200;

/// How much, and how often.
pub(crate) struct Plan {
    /// Candidates of a round.
    pub(crate) candidates: u64,
    /// Messages of the event's window.
    pub(crate) texts: u64,
    /// Repetitions, sides in turns.
    pub(crate) rounds: usize,
}

impl Plan {
    /// So many, so often.
    pub(crate) fn of(candidates: u64, texts: u64, rounds: usize) -> Self {
        Self {
            candidates,
            texts,
            rounds,
        }
    }
}

/// One side of a comparison: what it did a second, by repetition.
struct Side {
    name: &'static str,
    rates: Vec<f64>,
}

impl Side {
    fn new(name: &'static str) -> Self {
        let rates = Vec::new();
        Self { name, rates }
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let tables = [ranking(plan)?, classification(place, plan)?];
    let title = "The judgement of the contest, one thread, everything in memory";
    place.publish("contest", title, &tables)
}

fn compiled(toml: &str) -> Result<Compiled, Failure> {
    let made = Compiled::from_toml(toml);
    let (compiled, _) = made.map_err(|problems| {
        let first = problems.first().map(ToString::to_string);
        Failure::away(format!(
            "the campaign is wrong: {}",
            first.unwrap_or_default()
        ))
    })?;
    Ok(compiled)
}

/// Units a second of what `work` does to `count` of them.
fn rate<T>(count: usize, work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = black_box(work());
    (ratio(count as f64, began.elapsed().as_secs_f64()), done)
}

/// Every candidate has one answer: as quiz hands them over at a seal.
fn candidates(count: u64) -> Vec<(FanInRound, Attempt<'static>)> {
    let entrants = Entrants::new(b"a-bench");
    let mut follow = Follow::default();
    follow.seen(ROUND_OPEN);
    let candidate = |nth: u64| {
        let scattered = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let second = i64::try_from(scattered % WINDOW_S.unsigned_abs()).unwrap_or(0);
        let letter = usize::try_from(scattered / 300).unwrap_or(0) % LETTERS.len();
        let fan = FanInRound {
            code: entrants.code(&crate::requests::fan(nth)),
            joined: Some(ROUND_OPEN),
            follow,
        };
        let attempt = Attempt {
            create_time: ROUND_OPEN + second,
            id: AttemptId::Number(nth),
            value: LETTERS[letter],
        };
        (fan, attempt)
    };
    (0..count).map(candidate).collect()
}

fn ranking(plan: &Plan) -> Result<Table, Failure> {
    let compiled = compiled(CAMPAIGN)?;
    let campaign = &compiled.campaign;
    let window = (ROUND_OPEN, ROUND_OPEN + WINDOW_S);
    let judge = RoundJudge::new(&compiled, 1, window)
        .ok_or_else(|| Failure::away("the campaign has no round 1"))?;
    let award = ::contest::awards_after(campaign, Some(1))
        .first()
        .copied()
        .cloned();
    let award = award.ok_or_else(|| Failure::away("nothing is given after round 1"))?;
    let facts = facts();
    let seed = Seed::new(&facts.secret, &[7; 32], None);
    let candidates = candidates(plan.candidates);
    let count = candidates.len();
    let names = [
        "bare hash of every lot",
        "scored",
        "scored and ranked",
        "concluded: list, standings, record too",
    ];
    let mut sides = names.map(Side::new);
    for _ in 0..plan.rounds {
        let lots = || {
            candidates.iter().fold(0_u8, |sum, (fan, _)| {
                sum ^ ::contest::lot(&seed, fan.code)[0]
            })
        };
        let score = || -> Vec<Standing<'_>> {
            let scored = candidates.iter();
            scored
                .filter_map(|(fan, attempt)| judge.judge(fan, std::iter::once(*attempt)))
                .collect()
        };
        let torn = |error: ::contest::Torn| Failure::away(error.to_string());
        sides[0].rates.push(rate(count, lots).0);
        sides[1].rates.push(rate(count, score).0);
        let (ranked, places) = rate(count, || {
            let field = Field::new(score())?;
            let draw = campaign.draw.ranking;
            Ok(::contest::contenders(&field, award.mode, award.among, draw, &seed).len())
        });
        sides[2].rates.push(ranked);
        if places.map_err(torn)? == 0 {
            return Err(Failure::away("nobody was right: there was nothing to rank"));
        }
        let (concluded, winners) = rate(count, || {
            let field = Field::new(score())?;
            let mut holders = Holders::new(campaign.eligible.one_prize_per);
            let conclusion = ::contest::conclude(campaign, &facts, &field, &mut holders);
            Ok(conclusion
                .given
                .iter()
                .map(|(_, given)| given.winners.len())
                .sum::<usize>())
        });
        sides[3].rates.push(concluded);
        if winners.map_err(torn)? == 0 {
            return Err(Failure::away("a round of right answers has no winner"));
        }
    }
    let title = format!(
        "{count} candidates of a round, one answer each, entrant codes known (wanted: a million ranked/s)"
    );
    let mut table = Table::new(title, &["work", "candidates/s", "of the bare hash"]);
    rows(&mut table, &sides);
    Ok(table)
}

fn facts() -> Facts {
    Facts {
        round: Some(1),
        config: [1; 32],
        version: 1,
        cut: (0..24).map(|partition| (partition, 100_000)).collect(),
        sealed_at: ROUND_OPEN + WINDOW_S + 36,
        listed_at: None,
        commitment: None,
        secret: Secret([9; 32]),
        beacon: None,
        fallback: None,
        correcting: None,
    }
}

fn rows(table: &mut Table, sides: &[Side]) {
    let bare = sides.first().map_or(&[][..], |side| &side.rates);
    for side in sides {
        let ratios: Vec<f64> = side
            .rates
            .iter()
            .zip(bare)
            .map(|(own, bare)| ratio(*own, *bare))
            .collect();
        let cells = vec![
            side.name.to_owned(),
            format!("{:.0}", median(&side.rates)),
            format!("{:.2}", median(&ratios)),
        ];
        table.row(
            cells,
            json!({ "work": side.name, "ratio": median(&ratios), "rates": side.rates }),
        );
    }
}

/// The Fan Festival's campaign with so many keyword rules: exact, prefix and anywhere, none of which hides another.
fn many_rules() -> String {
    const THINGS: [&str; 14] = [
        "耳机",
        "电池",
        "充电宝",
        "贴膜",
        "后盖",
        "米键",
        "插线板",
        "路由",
        "盒子",
        "平板",
        "手环",
        "音箱",
        "支架",
        "背包",
    ];
    const WISHES: [&str; 14] = [
        "颜色", "价格", "尺寸", "库存", "重量", "材质", "产地", "包装", "优惠", "预售", "评测",
        "型号", "接口", "容量",
    ];
    let own = CAMPAIGN.matches("[[rule]]").count();
    let words = THINGS
        .iter()
        .flat_map(|thing| WISHES.iter().map(move |wish| (thing, wish)));
    let mut toml = CAMPAIGN.to_owned();
    for (nth, (thing, wish)) in words.take(RULES - own).enumerate() {
        let kind = ["exact", "prefix", "contains"][nth % 3];
        toml.push_str(&format!(
            "\n[[rule]]\nid = \"thing-{nth}\"\nmatch = \"{kind}\"\nkeywords = [\"{thing}{wish}\", \"{wish}的{thing}\"]\n\
             templates = [\"howto\"]\n"
        ));
    }
    toml
}

/// Texts of the event with their CreateTime, as surge writes them.
fn texts(place: &Place, count: u64) -> Result<Vec<(String, i64)>, Failure> {
    let scratch = place.scratch()?;
    let path = scratch.path().join("event.jsonl");
    let mut generate = Command::new(place.program("surge")?);
    let messages = count.to_string();
    succeed(
        generate
            .args(["generate", PROFILE, "--messages", &messages, "--out"])
            .arg(&path),
    )?;
    let lines =
        std::fs::read_to_string(&path).map_err(tried(format!("read {}", path.display())))?;
    let field = |body: &str, name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        let plain = value
            .strip_prefix("<![CDATA[")
            .and_then(|v| v.strip_suffix("]]>"));
        Some(plain.unwrap_or(value).to_owned())
    };
    let text = |line: &str| {
        let row: Value = serde_json::from_str(line).ok()?;
        let body = row.get("body")?.as_str()?;
        Some((
            field(body, "Content")?,
            field(body, "CreateTime")?.parse().ok()?,
        ))
    };
    let texts: Vec<(String, i64)> = lines.lines().filter_map(text).collect();
    if texts.is_empty() {
        return Err(Failure::away("surge has written no texts"));
    }
    Ok(texts)
}

fn classification(place: &Place, plan: &Plan) -> Result<Table, Failure> {
    let compiled = compiled(&many_rules())?;
    let texts = texts(place, plan.texts)?;
    let count = texts.len();
    let classify = |(text, create_time): &(String, i64)| {
        compiled.classify(&Message {
            kind: "text",
            text,
            create_time: *create_time,
            ..Message::default()
        })
    };
    let mut sides = ["bare hash of every text", "classified"].map(Side::new);
    let mut nanos = Histogram::<u64>::new(3).map_err(tried("make a histogram"))?;
    for _ in 0..plan.rounds {
        let hashed = || {
            texts.iter().fold(0_u64, |sum, text| {
                let mut hasher = DefaultHasher::new();
                text.0.hash(&mut hasher);
                sum ^ hasher.finish()
            })
        };
        sides[0].rates.push(rate(count, hashed).0);
        let classified = || {
            texts
                .iter()
                .map(|text| classify(text).name().len())
                .sum::<usize>()
        };
        sides[1].rates.push(rate(count, classified).0);
        for text in &texts {
            let began = Instant::now();
            black_box(classify(text));
            nanos.saturating_record(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    }
    let micros = |at: f64| nanos.value_at_quantile(at) as f64 / 1_000.0;
    let title = format!(
        "{count} texts of the event, {RULES} keyword rules (wanted: a million/s); one by one: p50 {:.2} µs, p99 {:.2} µs, p99.9 {:.2} µs, mean of the slowest one per cent {:.2} µs",
        micros(0.5),
        micros(0.99),
        micros(0.999),
        slowest_us(&nanos)
    );
    let mut table = Table::new(title, &["work", "texts/s", "of the bare hash"]);
    rows(&mut table, &sides);
    Ok(table)
}

/// Mean of the slowest one per cent, in microseconds.
fn slowest_us(nanos: &Histogram<u64>) -> f64 {
    let from = nanos.value_at_quantile(0.99);
    let slow = nanos
        .iter_recorded()
        .filter(|step| step.value_iterated_to() >= from);
    let (sum, count) = slow.fold((0.0, 0_u64), |(sum, count), step| {
        let times = step.count_at_value();
        (
            sum + step.value_iterated_to() as f64 * times as f64,
            count.saturating_add(times),
        )
    });
    ratio(sum, count as f64) / 1_000.0
}
