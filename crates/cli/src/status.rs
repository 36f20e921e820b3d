//! `status`: health of a running node, for people or as JSON.

use crate::args::StatusArgs;
use crate::client;
use crate::failure::{Failure, NO};
use hyper::Method;
use serde_json::Value;

/// Prints the status; exit code 1 when the node is not ready.
pub(crate) fn run(args: &StatusArgs) -> Result<(), Failure> {
    let answer = client::ask(args.node, Method::GET, "/status", None, None)?;
    let status = answer.json()?;
    if args.json {
        println!("{status}");
    } else {
        print(&status);
    }
    if status["ready"].as_bool() == Some(true) {
        Ok(())
    } else {
        Err(Failure {
            code: NO,
            message: String::new(),
        })
    }
}

fn print(status: &Value) {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let ready = if status["ready"] == true {
        "ready"
    } else {
        "NOT READY"
    };
    println!(
        "node {}  boot {}  {ready}",
        text(&status["node"]),
        text(&status["boot"])
    );
    for reason in status["reasons"].as_array().into_iter().flatten() {
        println!("  because {}", text(reason));
    }
    for notice in status["notices"].as_array().into_iter().flatten() {
        println!("  notice  {}", text(notice));
    }
    let away = if status["is_away"] == true {
        "  AWAY"
    } else {
        ""
    };
    println!(
        "log {}  on {}{away}",
        text(&status["log"]),
        text(&status["backend"])
    );
    if status["spool"].is_object() {
        println!(
            "spool {} records, {} bytes, oldest {} ms  {}",
            text(&status["spool"]["records"]),
            text(&status["spool"]["bytes"]),
            text(&status["spool"]["oldest_ms"]),
            status["spool"]["unusable"].as_str().unwrap_or_default(),
        );
    }
    let leads = match status["coordinator"]["leads"].as_bool() {
        Some(true) => "  coordinates",
        Some(false) => "  stands by to coordinate",
        None => "",
    };
    println!(
        "clock {}  tick {}  snapshot {}{leads}",
        text(&status["clock"]),
        text(&status["coordinator"]["tick"]),
        text(&status["snapshot"]),
    );
    for campaign in status["campaigns"].as_array().into_iter().flatten() {
        println!(
            "campaign {} version {} effective {}  {} rounds, {} sealed, {} with results, {} void",
            text(&campaign["id"]),
            text(&campaign["version"]),
            text(&campaign["effective"]),
            text(&campaign["rounds"]),
            text(&campaign["sealed"]),
            text(&campaign["results"]),
            text(&campaign["void"]),
        );
    }
    for stage in status["stages"].as_array().into_iter().flatten() {
        println!(
            "stage {:<8} {:<10} {} partitions, behind {} records, {} s  {}",
            text(&stage["name"]),
            text(&stage["state"]),
            stage["partitions"].as_array().map_or(0, Vec::len),
            text(&stage["lag_records"]),
            text(&stage["lag_seconds"]),
            stage["reason"].as_str().unwrap_or_default(),
        );
    }
}
