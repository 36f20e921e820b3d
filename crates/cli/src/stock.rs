//! `stock …`, `award show`: units that are secrets and claims of winners, in and out of a running node. Either is printed
//! where it was asked for and nowhere else.

use crate::acts::accepted;
use crate::args::{AwardShowArgs, NodeArgs, StockCommand};
use crate::campaigns::shown;
use crate::client::{self, Asker};
use crate::failure::{Failure, io};
use crate::rounds::draw_of;
use hyper::Method;
use record::stock::STOCK_UNITS_MAX;
use serde_json::{Value, json};
use std::path::Path;

/// Largest file of secrets that is read.
const FILE_MAX: u64 = 64 << 20;

/// Does it, and prints what it came to.
///
/// # Errors
/// A file that cannot be read; the node cannot be asked, or refuses.
pub(crate) fn run(command: &StockCommand) -> Result<(), Failure> {
    match command {
        StockCommand::Add {
            campaign,
            prize,
            secrets,
            reason,
            node,
        } => add((campaign, prize), secrets, reason, node),
        StockCommand::Show { campaign, node } => show(campaign, node),
    }
}

fn add(
    (campaign, prize): (&str, &str),
    file: &Path,
    reason: &str,
    node: &NodeArgs,
) -> Result<(), Failure> {
    let secrets = lines(file)?;
    let mut asker = Asker::new(node)?;
    let (mut added, mut known) = (0, 0);
    let mut without = Value::Null;
    for part in secrets.chunks(STOCK_UNITS_MAX) {
        let secrets: Vec<&str> = part.iter().map(|(_, secret)| secret.as_str()).collect();
        let body = json!({
            "campaign": campaign, "prize": prize, "secrets": secrets, "reason": reason,
        });
        let receipt = accepted(&asker.act(Method::POST, "/v1/stock", Some(&body))?)?;
        let count = |what: &str| receipt[what].as_u64().unwrap_or_default();
        added += count("added");
        known += count("known");
        without = receipt["without"].clone();
    }
    println!(
        "{prize:?}: {added} units have a secret now, {known} secrets were known; {without} units have none"
    );
    Ok(())
}

/// The secrets of a file with the numbers of their lines.
fn lines(file: &Path) -> Result<Vec<(usize, String)>, Failure> {
    let what = format!("read {}", file.display());
    let size = std::fs::metadata(file).map_err(io(&what))?.len();
    if size > FILE_MAX {
        return Err(Failure::wrong(format!(
            "{} has {size} bytes, which is too many",
            file.display()
        )));
    }
    let text = std::fs::read_to_string(file).map_err(io(&what))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = (1_usize..).zip(text.lines());
    let secrets: Vec<(usize, String)> = lines
        .map(|(number, line)| (number, line.trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    // The node sees a thousand at a time and names places among these: here lines are known.
    let mut seen = std::collections::BTreeMap::new();
    for (number, secret) in &secrets {
        if let Some(first) = seen.insert(secret, number) {
            return Err(Failure::wrong(format!(
                "lines {first} and {number} of {} are the same secret",
                file.display()
            )));
        }
    }
    if secrets.is_empty() {
        return Err(Failure::wrong(format!(
            "{} has no secret; write one a line",
            file.display()
        )));
    }
    Ok(secrets)
}

fn show(campaign: &str, node: &NodeArgs) -> Result<(), Failure> {
    let token = client::token(node)?;
    let path = format!("/v1/stock/{campaign}");
    let found = client::ask(node.node, Method::GET, &path, Some(&token), None)?;
    let found = accepted(&found)?;
    println!(
        "{:<20} {:<6} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "prize", "kind", "units", "reserve", "secrets", "held", "shown"
    );
    for prize in found["prizes"].as_array().into_iter().flatten() {
        let text = |name: &str| prize[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| prize[name].to_string();
        println!(
            "{:<20} {:<6} {:>8} {:>8} {:>8} {:>8} {:>8}",
            text("prize"),
            text("kind"),
            number("units"),
            number("reserve"),
            number("secrets"),
            number("held"),
            number("shown")
        );
    }
    Ok(())
}

/// Prints what became of an award; with its secret and its winner's claim when they are asked for.
///
/// # Errors
/// The node cannot be asked, or refuses.
pub(crate) fn award(args: &AwardShowArgs) -> Result<(), Failure> {
    let round = draw_of(&args.round)?;
    let body = json!({
        "campaign": args.campaign, "round": round, "prize": args.prize, "slot": args.slot,
        "code": args.code, "secret": args.secret, "reason": args.reason,
    });
    let found = accepted(&client::act(
        &args.node,
        Method::POST,
        "/v1/award/show",
        Some(&body),
    )?)?;
    if args.json {
        println!("{found}");
        return Ok(());
    }
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    println!(
        "{}: slot {} of {:?} is {} since {}, unit {}, attempt {}, code {}",
        contest::draw_name(round),
        args.slot,
        args.prize,
        text("state"),
        shown(found["since"].as_i64().unwrap_or_default()),
        found["unit"],
        found["attempt"],
        text("code")
    );
    if let Some(at) = found["claimed_by"]["create_time"].as_i64() {
        println!("its winner claimed it by a message of {}", shown(at));
    }
    if let Some(secret) = found["secret"].as_str() {
        println!("secret {secret}");
    }
    match found["claim"].as_str() {
        Some("") => {
            println!("the message of the claim was not in the log any more: ask its winner")
        }
        Some(claim) => println!("claim {claim:?}"),
        None => {}
    }
    if found["ctl"].is_u64() {
        println!(
            "that you were shown it stands at offset {} of control",
            found["ctl"]
        );
    }
    Ok(())
}
