//! The metrics of ingress: handles shared by all threads. Labels come from closed sets and from the
//! configuration, never from a message.

use telemetry::{
    Counter, CounterVec, Gauge, Histogram, HistogramVec, MetricError, Registry, SECONDS,
};

/// Edges for how far CreateTime lies behind the wall clock, in seconds; below 0 it lies ahead.
const LAG_SECONDS: [f64; 14] = [
    -10.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 30.0, 60.0, 600.0,
];

/// Handles on everything that ingress measures.
pub(crate) struct Metrics {
    /// Authentic callbacks, by account, kind and result.
    pub(crate) callbacks: CounterVec<3>,
    /// First byte to answer, by account.
    pub(crate) ack_seconds: HistogramVec<1>,
    /// Hand-over to proof.
    pub(crate) produce_seconds: Histogram,
    /// Callbacks without an answer.
    pub(crate) unacked: Counter,
    /// Answers that were nearly too late.
    pub(crate) near: Counter,
    /// Requests refused, by reason.
    pub(crate) rejected: CounterVec<1>,
    /// Known re-deliveries, by attempt.
    pub(crate) redelivery: CounterVec<1>,
    /// Authentic deliveries that could not be read, by account and reason.
    pub(crate) unparsed: CounterVec<2>,
    /// Deliveries for another recipient than the account.
    pub(crate) wrong_recipient: CounterVec<1>,
    /// Replies decided, by path, class, rule and outcome.
    pub(crate) replies: CounterVec<4>,
    /// Messages coalesced.
    pub(crate) coalesced: Counter,
    /// Replies that could not be rendered.
    pub(crate) unrendered: Counter,
    /// Wall clock minus CreateTime: for an alarm, never for a result; absent in a rehearsal.
    pub(crate) lag_seconds: Option<Histogram>,
    /// How wrong the wall clock is; absent in a rehearsal.
    pub(crate) clock_offset_seconds: Option<Gauge>,
    /// Fans with an unheard message.
    pub(crate) silent_fans: Gauge,
    /// Fans that are remembered.
    pub(crate) fans: Gauge,
    /// Step of the ladder.
    pub(crate) ladder: Gauge,
    /// Open connections.
    pub(crate) connections: Gauge,
    /// Connections taken.
    pub(crate) accepted: Counter,
    /// Failures of accept, by what to do about them.
    pub(crate) accept_errors: CounterVec<1>,
    /// Appends without success, by reason.
    pub(crate) append_failures: CounterVec<1>,
    /// Seals that wait for this node's answer.
    pub(crate) seals_waiting: Gauge,
    /// Answers to requests to seal a round.
    pub(crate) seal_acks: Counter,
}

impl Metrics {
    /// Registers everything. `rehearsal`: the wall clock says nothing about CreateTime.
    pub(crate) fn register(registry: &Registry, rehearsal: bool) -> Result<Self, MetricError> {
        let (mut lag_seconds, mut clock_offset_seconds) = (None, None);
        if !rehearsal {
            let help = "Wall clock at the callback minus CreateTime of its message.";
            let lag = registry.histogram("spillway_createtime_lag_seconds", help, &LAG_SECONDS)?;
            let help = "By how much this node's wall clock disagrees with the CreateTimes of the last minute; 0 while they agree.";
            let offset = registry.gauge("spillway_clock_offset_seconds", help)?;
            (lag_seconds, clock_offset_seconds) = (Some(lag), Some(offset));
        }
        Ok(Self {
            lag_seconds,
            clock_offset_seconds,
            callbacks: registry.counter_vec(
                "spillway_ingress_callbacks_total",
                "Authentic callbacks by account, kind of message and how they were answered.",
                ["account", "kind", "result"],
            )?,
            ack_seconds: registry.histogram_vec(
                "spillway_ingress_ack_seconds",
                "From the first byte of a callback to its answer.",
                ["account"],
                &SECONDS,
            )?,
            produce_seconds: registry.histogram(
                "spillway_ingress_produce_seconds",
                "From handing a delivery to the log to the proof that it is durable.",
                &SECONDS,
            )?,
            unacked: registry.counter(
                "spillway_ingress_unacked_total",
                "Authentic callbacks that got no answer: the log failed or was too slow.",
            )?,
            near: registry.counter(
                "spillway_ingress_deadline_near_total",
                "Answers that used more than four fifths of the budget.",
            )?,
            rejected: registry.counter_vec(
                "spillway_ingress_reject_total",
                "Requests refused without a record, by reason.",
                ["reason"],
            )?,
            redelivery: registry.counter_vec(
                "spillway_ingress_redelivery_total",
                "Deliveries that this node knows to be repeated, by attempt.",
                ["attempt"],
            )?,
            unparsed: registry.counter_vec(
                "spillway_ingress_unparsed_total",
                "Authentic deliveries that could not be read and were recorded raw; bad_padding, bad_length and appid_mismatch mean that the AES key seems to have changed.",
                ["account", "reason"],
            )?,
            wrong_recipient: registry.counter_vec(
                "spillway_ingress_wrong_recipient_total",
                "Deliveries whose ToUserName is not the account's original id.",
                ["account"],
            )?,
            replies: registry.counter_vec(
                "spillway_reply_total",
                "Passive replies decided, by class, rule and outcome.",
                ["path", "class", "rule", "outcome"],
            )?,
            coalesced: registry.counter(
                "spillway_reply_coalesced_total",
                "Messages answered with success because another of their sort was just answered.",
            )?,
            unrendered: registry.counter(
                "spillway_reply_unrendered_total",
                "Replies that could not be rendered and were replaced by success.",
            )?,
            fans: registry.gauge(
                "spillway_reply_fans",
                "Fans that this node remembers, to choose between words and success.",
            )?,
            silent_fans: registry.gauge(
                "spillway_reply_silent_fans",
                "Remembered fans with a message that no answer in words covers.",
            )?,
            ladder: registry.gauge(
                "spillway_ladder_step",
                "Step of the degradation ladder: 0 normal, 1 short, 2 silent.",
            )?,
            connections: registry
                .gauge("spillway_ingress_connections", "Open connections of callbacks.")?,
            accepted: registry.counter(
                "spillway_ingress_connections_total",
                "Connections of callbacks that were accepted.",
            )?,
            accept_errors: registry.counter_vec(
                "spillway_ingress_accept_errors_total",
                "Failures of accept: aborted by the peer, exhausted descriptors or memory, other.",
                ["kind"],
            )?,
            append_failures: registry.counter_vec(
                "spillway_ingress_append_failures_total",
                "Deliveries that the log did not take, or did not prove durable, by reason.",
                ["reason"],
            )?,
            seals_waiting: registry.gauge(
                "spillway_ingress_seals_waiting",
                "Requests to seal a round that this node has read and not confirmed: what it had taken is not yet in the log.",
            )?,
            seal_acks: registry.counter(
                "spillway_ingress_seal_acks_total",
                "Confirmations that everything taken before a request to seal a round is in the log.",
            )?,
        })
    }
}
