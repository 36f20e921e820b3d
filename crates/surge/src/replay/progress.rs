//! How far a replay is: a bar on a terminal, a plain line every few seconds elsewhere. On stderr only.

use super::drive::Drive;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the bar moves.
const BAR_EVERY: Duration = Duration::from_millis(250);
/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows progress until the driver stops. `rows` is how many deliveries there will be, when that is known.
pub(super) async fn show(drive: &Drive, rows: Option<u64>) {
    if std::io::stderr().is_terminal() {
        bar(drive, rows).await;
    } else {
        lines(drive, rows).await;
    }
}

async fn bar(drive: &Drive, rows: Option<u64>) {
    let bar = rows.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = if rows.is_some() {
        "replay {wide_bar} {human_pos}/{human_len} {msg} eta {eta}"
    } else {
        "replay {spinner} {human_pos} {msg}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let mut rate = Rate::new();
    while !drive.stop.is_cancelled() {
        let (ended, acked) = drive.stats.borrow().so_far();
        bar.set_position(ended);
        bar.set_message(format!("{:.0} acks/s", rate.of(acked)));
        tokio::select! {
            () = drive.stop.cancelled() => break,
            () = sleep(BAR_EVERY) => {}
        }
    }
    bar.finish_and_clear();
}

async fn lines(drive: &Drive, rows: Option<u64>) {
    let mut rate = Rate::new();
    loop {
        tokio::select! {
            () = drive.stop.cancelled() => return,
            () = sleep(LINE_EVERY) => {}
        }
        let (ended, acked) = drive.stats.borrow().so_far();
        let of = rows.map_or(String::new(), |rows| format!(" of {rows}"));
        // Nobody can be told that stderr is closed.
        drop(writeln!(
            std::io::stderr(),
            "replay: {ended}{of} deliveries, {:.0} acks/s",
            rate.of(acked)
        ));
    }
}

/// Acks per second between two looks.
struct Rate {
    last: (u64, Instant),
}

impl Rate {
    fn new() -> Self {
        Self {
            last: (0, Instant::now()),
        }
    }

    fn of(&mut self, count: u64) -> f64 {
        let (before, since) = self.last;
        self.last = (count, Instant::now());
        let seconds = since.elapsed().as_secs_f64().max(0.001);
        count.saturating_sub(before) as f64 / seconds
    }
}
