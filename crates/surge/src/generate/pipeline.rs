//! From the plan to the file: deliveries are put in order of arrival by a bounded buffer, made into lines on
//! two threads, and written, hashed and judged in that order.

use super::body::Bodies;
use super::kinds::Kind;
use super::plan::{Planned, Planner, What};
use crate::recording::{self, Row, Writer, Written};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Threads that make lines.
const MAKERS: usize = 2;
/// Seconds of arrivals on their way to and from each maker: enough that nobody waits for one slow
/// second, few enough that the memory does not depend on the event's length.
const IN_FLIGHT: usize = 2;

/// What was meant, for comparison with what the oracle reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intent {
    /// Messages of the window per kind.
    pub window: BTreeMap<Kind, u64>,
    /// Messages at the edges per kind.
    pub edges: BTreeMap<Kind, u64>,
    /// Follows and unfollows.
    pub follows: u64,
    /// Deliveries beyond the first of each message.
    pub redeliveries: u64,
}

impl Intent {
    /// Counts a delivery.
    pub(super) fn count(&mut self, planned: &Planned) {
        if planned.attempt > 1 {
            self.redeliveries += 1;
            return;
        }
        match planned.what {
            What::Message { kind, .. } => {
                let inside = planned.part == recording::Part::Event;
                let kinds = if inside {
                    &mut self.window
                } else {
                    &mut self.edges
                };
                *kinds.entry(kind).or_default() += 1;
            }
            What::Follows | What::Leaves => self.follows += 1,
        }
    }
}

/// Deliveries that have not all been planned yet, by the second in which they arrive.
struct Arrivals {
    /// The second of the first bucket, in seconds since 1970.
    first: i64,
    buckets: VecDeque<Vec<Planned>>,
}

impl Arrivals {
    fn add(&mut self, planned: Planned) {
        let second = planned.at_us.div_euclid(1_000_000);
        // Nothing arrives before it is created, and what is created next is not before `first`.
        let place = usize::try_from(second - self.first).unwrap_or(0);
        while self.buckets.len() <= place {
            self.buckets.push_back(Vec::new());
        }
        self.buckets[place].push(planned);
    }

    /// Takes the oldest second out if it lies before `second`; in order of arrival.
    fn before(&mut self, second: i64) -> Option<Vec<Planned>> {
        if self.first >= second {
            return None;
        }
        let mut bucket = self.buckets.pop_front()?;
        self.first += 1;
        bucket.sort_unstable_by_key(|planned| (planned.at_us, planned.n, planned.attempt));
        Some(bucket)
    }
}

/// The lines of one second of arrivals.
struct Lines {
    bytes: Vec<u8>,
    rows: u64,
}

/// Writes a recording; `judge` sees each piece of it after it was written, `progress` the number of
/// messages planned so far.
///
/// # Errors
/// What the output says.
pub(super) fn write<W: Write>(
    mut planner: Planner<'_>,
    bodies: &Bodies<'_>,
    first_second: i64,
    output: W,
    judge: &mut dyn FnMut(Vec<u8>),
    progress: &(dyn Fn(u64) + Sync),
) -> io::Result<(Written, Intent)> {
    let mut writer = Writer::new(output);
    let intent = std::thread::scope(|scope| {
        let mut to_makers = Vec::new();
        let mut from_makers = Vec::new();
        for _ in 0..MAKERS {
            let (plan_in, plan_out) = sync_channel::<Vec<Planned>>(IN_FLIGHT);
            let (lines_in, lines_out) = sync_channel::<io::Result<Lines>>(IN_FLIGHT);
            scope.spawn(move || make(bodies, &plan_out, &lines_in));
            to_makers.push(plan_in);
            from_makers.push(lines_out);
        }
        let planning = scope.spawn(move || plan(&mut planner, first_second, &to_makers, progress));
        // Seconds go to the makers in turn, and come back in the same turn.
        for maker in (0..MAKERS).cycle() {
            let Ok(lines) = from_makers[maker].recv() else {
                break;
            };
            let lines = lines?;
            writer.append(&lines.bytes, lines.rows)?;
            judge(lines.bytes);
        }
        planning
            .join()
            .map_err(|_| io::Error::other("planning the recording panicked"))
    })?;
    Ok((writer.finish()?, intent))
}

/// Plans every second and sends arrivals to the makers in turn. Ends early when they are gone.
fn plan(
    planner: &mut Planner<'_>,
    first_second: i64,
    makers: &[SyncSender<Vec<Planned>>],
    progress: &(dyn Fn(u64) + Sync),
) -> Intent {
    let mut intent = Intent::default();
    let mut arrivals = Arrivals {
        first: first_second,
        buckets: VecDeque::new(),
    };
    let mut turn = 0;
    let mut planned_so_far = 0;
    for second in planner.seconds() {
        planner.second(second, &mut |planned| {
            intent.count(&planned);
            planned_so_far += u64::from(planned.attempt == 1);
            arrivals.add(planned);
        });
        progress(planned_so_far);
        let now = planner.clock_second(second + 1);
        while let Some(bucket) = arrivals.before(now) {
            if makers[turn % makers.len()].send(bucket).is_err() {
                return intent;
            }
            turn += 1;
        }
    }
    while let Some(bucket) = arrivals.before(i64::MAX) {
        if makers[turn % makers.len()].send(bucket).is_err() {
            return intent;
        }
        turn += 1;
    }
    intent
}

/// Makes lines of planned deliveries until there are no more.
fn make(bodies: &Bodies<'_>, plans: &Receiver<Vec<Planned>>, out: &SyncSender<io::Result<Lines>>) {
    let mut body = String::new();
    while let Ok(bucket) = plans.recv() {
        let mut lines = Lines {
            bytes: Vec::with_capacity(bucket.len() * 420),
            rows: 0,
        };
        let mut failed = None;
        for planned in &bucket {
            body.clear();
            bodies.write(planned, &mut body);
            let row = Row {
                at_us: planned.at_us,
                part: planned.part,
                n: planned.n,
                attempt: planned.attempt,
                body: Cow::Borrowed(&body),
            };
            if let Err(error) = recording::encode(&row, &mut lines.bytes) {
                failed = Some(io::Error::from(error));
                break;
            }
            lines.rows += 1;
        }
        let made = failed.map_or(Ok(lines), Err);
        if out.send(made).is_err() {
            return;
        }
    }
}
