//! The page of one result, step by step as the draw went: promise, list, secret, seed, ranking, winners.

use super::super::rounds::{Concluded, Season};
use super::markup::{Html, both};
use super::{earlier, earlier_name, title_of};
use crate::campaigns::shown;
use contest::{
    Bar, Commitment, Contender, RecordedAward, Seed, awards_after, contenders, draw_name,
};
use std::collections::BTreeMap;

/// Places that are shown of every ranking.
const FIRST_PLACES: u32 = 10;
/// Rows of one ranking at most; the standings file has all.
const ROWS: usize = 200;

/// The page.
pub(super) fn page(season: &Season, one: &Concluded, troubles: &[String]) -> String {
    let campaign = &one.judged.compiled.campaign;
    let (zh, en) = title_of(one.round);
    let mut html = Html::new(&format!("{} · {zh}", campaign.title));
    html.raw("<section><p><a href=\"index.html\">")
        .text(&campaign.title)
        .raw("</a></p><h1>");
    html.raw(&both(&zh, &en)).raw("</h1>");
    if let Some(round) = one.round.and_then(|number| campaign.round(number)) {
        html.raw("<p class=big>")
            .text(&round.question.text)
            .raw("</p>");
    }
    counts(&mut html, one);
    correction(&mut html, season, one);
    html.raw("</section>");
    promise(&mut html, one);
    list(&mut html, one);
    reveal(&mut html, one);
    seed(&mut html, one);
    rankings(&mut html, one);
    winners(&mut html, one);
    check(&mut html, one, troubles);
    html.end()
}

fn step(html: &mut Html, number: u8, zh: &str, en: &str) {
    html.raw(&format!("<section><h2>{number}. "))
        .raw(&both(zh, en))
        .raw("</h2>");
}

fn paragraph(html: &mut Html, zh: &str, en: &str) {
    html.raw("<p>").raw(&both(zh, en)).raw("</p>");
}

fn hash(html: &mut Html, hash: &str) {
    html.raw("<code class=hash>").text(hash).raw("</code>");
}

fn counts(html: &mut Html, one: &Concluded) {
    let result = &one.result;
    let zh = format!(
        "名单 {} 人，答题 {} 人，答对 {} 人",
        result.entrants, result.answered, result.correct
    );
    let en = format!(
        "{} on the list, {} answered, {} right",
        result.entrants, result.answered, result.correct
    );
    paragraph(html, &zh, &en);
    let at = shown(one.draw.sealed_at());
    paragraph(html, &format!("封盘时间 {at}"), &format!("sealed at {at}"));
}

fn correction(html: &mut Html, season: &Season, one: &Concluded) {
    if one.result.corrects.is_none() {
        return;
    }
    html.raw("<p class=\"big bad\">")
        .raw(&both("更正", "Correction"))
        .raw("</p><p>");
    html.text(&one.result.reason).raw("</p>");
    paragraph(
        html,
        "抽签种子不变；更正前的记录：",
        "The seed stays. Records before:",
    );
    for (offset, _) in earlier(season, one) {
        let file = earlier_name(&draw_name(one.round), offset);
        html.raw(&format!("<p><a href=\"{file}\">{file}</a></p>"));
    }
}

fn promise(html: &mut Html, one: &Concluded) {
    step(html, 1, "承诺", "Commitment");
    match one.draw.commitment() {
        None => paragraph(
            html,
            "本次抽签没有事先承诺（L0 级）。",
            "Nothing was committed to beforehand (level L0).",
        ),
        Some(Commitment::Single(commitment)) => {
            paragraph(html, "活动开始前公布：", "Published before the campaign:");
            hash(html, &Seed(commitment).to_string());
        }
        Some(Commitment::Chain { root, index, links }) => {
            paragraph(
                html,
                &format!("活动开始前公布的链首 s₀，链上共有 {links} 个秘密："),
                &format!(
                    "Published before the campaign, the end s₀ of a chain of {links} secrets:"
                ),
            );
            hash(html, &Seed(root).to_string());
            paragraph(
                html,
                &format!(
                    "第 n 轮只能用第 n 个秘密，总抽奖用最后一个。本次用第 {index} 个：对它做 {index} 次 SHA-256 即得 s₀。"
                ),
                &format!(
                    "Round n has secret number n, the final draw the last. This draw has number {index}: SHA-256 applied {index} times gives s₀."
                ),
            );
        }
    }
    html.raw("</section>");
}

fn list(html: &mut Html, one: &Concluded) {
    step(html, 2, "名单", "The list");
    let count = one.draw.count();
    paragraph(
        html,
        &format!("封盘时共有 {count} 个参与编码，排序后逐行列出；不论对错都在名单上。"),
        &format!("{count} entrant codes at the seal, sorted, one a line; right or wrong."),
    );
    if let Some(at) = one.draw.listed_at() {
        let at = shown(at);
        paragraph(
            html,
            &format!("名单于 {at} 固定，早于揭示秘密。"),
            &format!("The list was fixed at {at}, before the secret was revealed."),
        );
    }
    paragraph(
        html,
        "名单文件的 SHA-256（R）：",
        "SHA-256 of the list file (R):",
    );
    hash(html, one.draw.text("list"));
    if one.basis.is_ok() {
        let file = format!("{}.list.txt", draw_name(one.round));
        html.raw(&format!("<p><a href=\"{file}\">{file}</a></p>"));
    }
    html.raw("</section>");
}

fn reveal(html: &mut Html, one: &Concluded) {
    step(html, 3, "揭示秘密", "The secret is revealed");
    hash(html, one.draw.text("s"));
    if let (Some(commitment), Some(secret)) = (one.draw.commitment(), one.draw.secret()) {
        if commitment.holds(&one.result.campaign, &draw_name(one.round), &secret) {
            html.raw("<p class=good>").raw(&both(
                "✓ 与承诺一致",
                "✓ It is the one that was committed to",
            ));
        } else {
            html.raw("<p class=bad>").raw(&both(
                "✗ 与承诺不一致",
                "✗ It is not the one that was committed to",
            ));
        }
        html.raw("</p>");
    }
    beacon(html, one);
    html.raw("</section>");
}

/// The public beacon, or who went on without it.
fn beacon(html: &mut Html, one: &Concluded) {
    if let Some(beacon) = one.draw.beacon() {
        let round = beacon.round;
        let at = contest::beacon_out_at(round).map_or_else(String::new, shown);
        paragraph(
            html,
            &format!("公共信标 drand quicknet 第 {round} 轮，公布于 {at}，晚于名单："),
            &format!("drand quicknet, round {round}, out at {at}, after the list was fixed:"),
        );
        hash(html, &beacon.value);
    }
    if let Some(fallback) = one.draw.fallback() {
        let (actor, level) = (&fallback.actor, one.draw.text("level"));
        html.raw("<p class=bad>")
            .raw(&both(
                &format!("未使用公共信标，降为 {level} 级。决定者与原因："),
                &format!("Drawn without the public beacon, level {level}. By whom, and why:"),
            ))
            .raw("</p><p>");
        html.text(&format!("{actor}: {}", fallback.reason))
            .raw("</p>");
    }
}

fn seed(html: &mut Html, one: &Concluded) {
    step(html, 4, "种子", "The seed");
    html.raw("<p><code>S = SHA-256(\"spillway/seed/v1\\0\" ‖ s ‖ R ‖ len(B) ‖ B)</code></p>");
    hash(html, one.draw.text("seed"));
    paragraph(
        html,
        "每个编码的签 = SHA-256(前缀 ‖ S ‖ 编码)，小者在前。",
        "Each code's lot is SHA-256(prefix ‖ S ‖ code); the smaller goes first.",
    );
    html.raw("</section>");
}

fn rankings(html: &mut Html, one: &Concluded) {
    let campaign = &one.judged.compiled.campaign;
    let awards = awards_after(campaign, one.round);
    let (Ok(basis), Some(seed)) = (&one.basis, Seed::parse(one.draw.text("seed"))) else {
        return;
    };
    for (award, drawn) in awards.into_iter().zip(&one.draw.awards) {
        let field = &basis.standing.field;
        let ranked = contenders(field, award.mode, award.among, campaign.draw.ranking, &seed);
        step(html, 5, "排名", "The ranking");
        html.raw("<p>").text(&title(one, drawn)).raw(" · ");
        let among = ranked.len();
        html.raw(&both(
            &format!("{among} 人参与排名"),
            &format!("{among} contenders"),
        ))
        .raw("</p><table><tr>");
        for (zh, en) in [
            ("名次", "Place"),
            ("编码末六位", "Code"),
            ("时间", "Second"),
            ("签", "Lot"),
            ("结果", "Outcome"),
        ] {
            html.raw("<th>").raw(&both(zh, en)).raw("</th>");
        }
        html.raw("</tr>");
        for (place, contender) in shown_places(&ranked, drawn) {
            let at = field.get(contender.code).map_or(0, |standing| standing.at);
            row(html, place, contender, at, drawn);
        }
        html.raw("</table></section>");
    }
}

/// The first places and all that the award met.
fn shown_places<'c>(
    ranked: &'c [Contender],
    drawn: &RecordedAward,
) -> BTreeMap<u32, &'c Contender> {
    let met = drawn.given.winners.iter().map(|won| won.place);
    let met = met.chain(drawn.given.passed.iter().map(|passed| passed.place));
    let mut places: Vec<u32> = (1..=FIRST_PLACES).chain(met).collect();
    places.sort_unstable();
    places.dedup();
    let contender = |place: u32| {
        let index = usize::try_from(place).ok()?.checked_sub(1)?;
        Some((place, ranked.get(index)?))
    };
    places
        .into_iter()
        .filter_map(contender)
        .take(ROWS)
        .collect()
}

fn row(html: &mut Html, place: u32, contender: &Contender, at: i64, drawn: &RecordedAward) {
    let won = drawn
        .given
        .winners
        .iter()
        .any(|won| won.code == contender.code);
    let passed = drawn
        .given
        .passed
        .iter()
        .find(|passed| passed.code == contender.code);
    let (class, zh, en) = match (won, passed) {
        (true, _) => (" class=won", "中奖", "wins"),
        (_, Some(passed)) => {
            let (zh, en) = why(passed.bar);
            (" class=passed", zh, en)
        }
        _ => ("", "", ""),
    };
    let lot: String = contest::EntrantCode(first_half(&contender.lot)).to_string();
    let second = if at == 0 { String::new() } else { shown(at) };
    html.raw(&format!("<tr{class}><td class=n>{place}</td><td><code>…"))
        .text(&contender.code.tail());
    html.raw("</code></td><td>")
        .text(&second)
        .raw("</td><td><code>")
        .text(&lot);
    html.raw("…</code></td><td>")
        .raw(&both(zh, en))
        .raw("</td></tr>");
}

fn first_half(lot: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&lot[..16]);
    half
}

/// Why somebody was passed over.
fn why(bar: Bar) -> (&'static str, &'static str) {
    match bar {
        Bar::Excluded => ("不参与评奖", "excluded"),
        Bar::NotFollowing => ("未关注", "does not follow"),
        Bar::FollowedLate => ("关注过晚", "followed too late"),
        Bar::AlreadyHolds => ("已有奖品", "holds a prize already"),
    }
}

fn title(one: &Concluded, drawn: &RecordedAward) -> String {
    let prizes = &one.judged.compiled.campaign.prizes;
    let prize = prizes.iter().find(|prize| prize.id == drawn.prize);
    prize.map_or_else(|| drawn.prize.clone(), |prize| prize.title.clone())
}

fn winners(html: &mut Html, one: &Concluded) {
    step(html, 6, "中奖", "Winners");
    for drawn in &one.draw.awards {
        html.raw("<h2>").text(&title(one, drawn)).raw("</h2><p>");
        for won in drawn.given.winners.iter().take(ROWS) {
            html.raw("<code class=winner>…")
                .text(&won.code.tail())
                .raw("</code>");
        }
        if drawn.given.winners.is_empty() {
            html.raw(&both("无人中奖", "nobody"));
        }
        if drawn.given.winners.len() > ROWS {
            let more = drawn.given.winners.len() - ROWS;
            html.raw(&both(
                &format!("另有 {more} 人"),
                &format!("and {more} more, in the record"),
            ));
        }
        html.raw("</p>");
    }
    let (mut zh, mut en) = (
        "编码末六位".to_owned(),
        "The last six digits of the code".to_owned(),
    );
    if let Some(word) = one.judged.compiled.campaign.mine.keywords.first() {
        zh.push_str(&format!("；向公众号发送“{word}”可查询自己的编码"));
        en.push_str(&format!(
            "; whoever sends {word} to the account is told his own"
        ));
    }
    paragraph(html, &format!("{zh}。"), &format!("{en}."));
    html.raw("</section>");
}

fn check(html: &mut Html, one: &Concluded, troubles: &[String]) {
    step(html, 7, "自己验证", "Verify it yourself");
    let name = draw_name(one.round);
    for file in ["record.json", "list.txt", "standings.jsonl"] {
        if file == "record.json" || one.basis.is_ok() {
            html.raw(&format!(
                "<p><a href=\"{name}.{file}\">{name}.{file}</a></p>"
            ));
        }
    }
    let files = format!("{name}.record.json {name}.list.txt");
    html.raw("<p><code>spillway verify-draw ").text(&files);
    html.text(&format!(" --standings {name}.standings.jsonl"))
        .raw("</code></p><p><code>python3 verify_draw.py ");
    html.text(&format!("{files} {name}.standings.jsonl"))
        .raw("</code></p>");
    paragraph(html, "记录的 SHA-256：", "SHA-256 of the record:");
    hash(html, &contest::Seed(one.result.record_sha256.0).to_string());
    paragraph(html, "成绩文件的 SHA-256：", "SHA-256 of the standings:");
    hash(html, &contest::Seed(one.result.standings.0).to_string());
    if troubles.is_empty() {
        html.raw("<p class=good>").raw(&both(
            "✓ 写出本页时已由日志重新计算，结果相同",
            "✓ Computed again from the log when this page was written: equal",
        ));
    } else {
        html.raw("<p class=bad>").raw(&both(
            "✗ 由日志重新计算，结果不同：",
            "✗ Computed again from the log: different:",
        ));
        for trouble in troubles {
            html.raw("<br>").text(trouble);
        }
    }
    html.raw("</p></section>");
}
