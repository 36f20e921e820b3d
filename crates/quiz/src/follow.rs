//! What is kept of a fan's following: three CreateTimes for each fan of an account, whatever the fan
//! sends. Never whether it bars him from a prize.

use crate::codec::{Reader, Writer};
use crate::failure::Failure;
use crate::shelf::{self, Shelf};
use contest::Follow;
use record::envelope::Envelope;

/// Takes a message: an unsubscribe ends following, a subscribe begins it, any other message implies it.
pub(crate) fn take<S: Shelf>(
    envelope: &Envelope<'_>,
    shelf: &mut S,
) -> Result<(), Failure<S::Error>> {
    let (account, fan) = (envelope.account.as_ref(), envelope.from.as_ref());
    let is_event = envelope.kind.eq_ignore_ascii_case("event");
    let leaves = is_event && envelope.event.eq_ignore_ascii_case("unsubscribe");
    if is_event && !leaves && !envelope.event.eq_ignore_ascii_case("subscribe") {
        return Ok(());
    }
    let before = get(account, fan, shelf)?;
    let mut follow = before;
    if leaves {
        follow.unsubscribed(envelope.create_time);
    } else {
        follow.seen(envelope.create_time);
    }
    if follow != before {
        shelf.put(shelf::follow_key(account, fan), encode(&follow));
    }
    Ok(())
}

/// What is known of a fan of an account; nothing of one who never sent anything.
pub(crate) fn get<S: Shelf>(
    account: &str,
    fan: &str,
    shelf: &mut S,
) -> Result<Follow, Failure<S::Error>> {
    let stored = shelf.get(&shelf::follow_key(account, fan));
    match stored.map_err(Failure::Shelf)? {
        None => Ok(Follow::default()),
        Some(bytes) => decode(&bytes).ok_or(Failure::Damaged("a fan's following")),
    }
}

fn encode(follow: &Follow) -> Vec<u8> {
    let times = [follow.since, follow.last_seen, follow.left];
    let mut writer = Writer::default();
    for time in times {
        writer.byte(u8::from(time.is_some()));
        if let Some(time) = time {
            writer.signed(time);
        }
    }
    writer.0
}

fn decode(bytes: &[u8]) -> Option<Follow> {
    let mut reader = Reader(bytes);
    let mut time = || match reader.byte()? {
        0 => Some(None),
        _ => Some(Some(reader.signed()?)),
    };
    let (since, last_seen, left) = (time()?, time()?, time()?);
    reader.end()?;
    Some(Follow {
        since,
        last_seen,
        left,
    })
}
