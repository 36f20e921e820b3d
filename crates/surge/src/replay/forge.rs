//! Forged requests beside the valid traffic: well-formed, from connections of their own, with a signature
//! that cannot be right. Every one must be refused; the valid traffic's report shows what they cost it.

use super::connector::Connector;
use super::drive::Drive;
use super::options::Forging;
use super::timetable::CUT;
use super::wall_us;
use crate::client::Conn;
use crate::report::Forged;
use std::cell::RefCell;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// A text that is as long as the ordinary ones.
const BODY: &str = "<xml><ToUserName><![CDATA[gh_000000000000]]></ToUserName>\n\
    <FromUserName><![CDATA[oForgedForgedForgedForgedFor]]></FromUserName>\n\
    <CreateTime>1365487200</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
    <Content><![CDATA[GO]]></Content>\n<MsgId>5864722896518676480</MsgId></xml>";

/// Sends forged requests until `drive` stops, and counts them.
pub(super) async fn forge(
    drive: &Drive,
    to: &Connector,
    forging: Forging,
    counts: &RefCell<Forged>,
) {
    let mut request = Vec::new();
    let mut conn: Option<Conn> = None;
    let connections = f64::from(forging.connections.max(1));
    let every = (forging.per_second > 0)
        .then(|| Duration::from_secs_f64(connections / f64::from(forging.per_second)));
    let mut due = Instant::now();
    while !drive.stop.is_cancelled() {
        if let Some(every) = every {
            due += every;
            tokio::select! {
                () = drive.stop.cancelled() => return,
                () = sleep_until(due) => {}
            }
        }
        let mut open = match conn.take() {
            Some(open) => open,
            None => tokio::select! {
                () = drive.stop.cancelled() => return,
                opened = to.open(CUT) => match opened {
                    Ok(open) => open,
                    Err(_) => {
                        counts.borrow_mut().broken += 1;
                        due += CUT;
                        tokio::task::yield_now().await;
                        continue;
                    }
                },
            },
        };
        drive
            .platform
            .forgery(BODY, wall_us().div_euclid(1_000_000), &mut request);
        match timeout(CUT, open.exchange(&request)).await {
            Ok(Ok(answer)) => {
                let mut counts = counts.borrow_mut();
                counts.answered += 1;
                counts.refused += u64::from(answer.status == 403);
                drop(counts);
                conn = Some(open).filter(Conn::is_reusable);
            }
            Ok(Err(_)) | Err(_) => counts.borrow_mut().broken += 1,
        }
    }
}
