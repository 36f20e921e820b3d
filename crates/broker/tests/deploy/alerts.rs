//! For each alert what Prometheus would see, one sample every 5 s: when something is wrong, and when all is well.

/// A series, and its samples in the notation of promtool: `0x12 1x60` is 13 zeros and 61 ones, `0+5x60` grows.
pub(crate) type Series = (&'static str, &'static str);

/// One alert.
pub(crate) struct Case {
    pub(crate) alert: &'static str,
    /// It rings on these …
    pub(crate) bad: &'static [Series],
    /// … and not on these,
    pub(crate) good: &'static [Series],
    /// so long after the first sample,
    pub(crate) at: &'static str,
    /// with these labels beside its severity.
    pub(crate) labels: &'static [(&'static str, &'static str)],
}

const NODE: &str = "n1:8081";

pub(crate) const CASES: [Case; 27] = [
    Case {
        alert: "SpillwayUnacked",
        bad: &[(
            "spillway_ingress_unacked_total{instance=\"n1:8081\"}",
            "0x6 1x60",
        )],
        good: &[(
            "spillway_ingress_unacked_total{instance=\"n1:8081\"}",
            "7x66",
        )],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwayAcksSlow",
        bad: &[
            ("spillway_ingress_ack_seconds_bucket{le=\"1\"}", "0+95x60"),
            (
                "spillway_ingress_ack_seconds_bucket{le=\"2.5\"}",
                "0+100x60",
            ),
            (
                "spillway_ingress_ack_seconds_bucket{le=\"+Inf\"}",
                "0+100x60",
            ),
        ],
        good: &[
            ("spillway_ingress_ack_seconds_bucket{le=\"1\"}", "0+995x60"),
            (
                "spillway_ingress_ack_seconds_bucket{le=\"2.5\"}",
                "0+1000x60",
            ),
            (
                "spillway_ingress_ack_seconds_bucket{le=\"+Inf\"}",
                "0+1000x60",
            ),
        ],
        at: "3m",
        labels: &[],
    },
    Case {
        alert: "SpillwayDeadlineNear",
        bad: &[("spillway_ingress_deadline_near_total", "0x6 1x60")],
        good: &[("spillway_ingress_deadline_near_total", "3x66")],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwayRedeliveries",
        bad: &[(
            "spillway_ingress_redelivery_total{attempt=\"2\"}",
            "0+10x60",
        )],
        good: &[("spillway_ingress_redelivery_total{attempt=\"2\"}", "0+1x60")],
        at: "4m",
        labels: &[],
    },
    Case {
        alert: "SpillwayRejected",
        bad: &[(
            "spillway_ingress_reject_total{reason=\"signature\"}",
            "0+50x60",
        )],
        good: &[(
            "spillway_ingress_reject_total{reason=\"signature\"}",
            "0+5x60",
        )],
        at: "4m",
        labels: &[],
    },
    Case {
        alert: "SpillwayUnparsed",
        bad: &[(
            "spillway_ingress_unparsed_total{reason=\"bad_padding\"}",
            "0x6 1x60",
        )],
        good: &[(
            "spillway_ingress_unparsed_total{reason=\"bad_padding\"}",
            "1x66",
        )],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwayAcceptErrors",
        bad: &[
            (
                "spillway_ingress_accept_errors_total{instance=\"n1:8081\"}",
                "0x6 1x60",
            ),
            (
                "spillway_ingress_accept_errors_total{instance=\"n2:8081\"}",
                "0x66",
            ),
        ],
        good: &[(
            "spillway_ingress_accept_errors_total{instance=\"n1:8081\"}",
            "4x66",
        )],
        at: "1m",
        labels: &[("instance", NODE)],
    },
    Case {
        alert: "SpillwaySpoolOld",
        bad: &[(
            "spillway_spool_oldest_seconds{instance=\"n1:8081\"}",
            "0+5x60",
        )],
        good: &[(
            "spillway_spool_oldest_seconds{instance=\"n1:8081\"}",
            "0x6 2x54",
        )],
        at: "2m",
        labels: &[("instance", NODE)],
    },
    Case {
        alert: "SpillwaySpoolUnusable",
        bad: &[("spillway_spool_usable{instance=\"n1:8081\"}", "1x6 0x60")],
        good: &[("spillway_spool_usable{instance=\"n1:8081\"}", "1x66")],
        at: "2m",
        labels: &[("instance", NODE)],
    },
    Case {
        alert: "SpillwaySpoolDead",
        bad: &[(
            "spillway_spool_dead_total{instance=\"n1:8081\"}",
            "0x6 1x60",
        )],
        good: &[("spillway_spool_dead_total{instance=\"n1:8081\"}", "0x66")],
        at: "2m",
        labels: &[("instance", NODE)],
    },
    Case {
        alert: "SpillwayHedgeOften",
        bad: &[
            ("spillway_hedge_fired_total{reason=\"slow\"}", "0+10x180"),
            (
                "spillway_ingress_callbacks_total{result=\"reply\"}",
                "0+100x180",
            ),
        ],
        good: &[
            ("spillway_hedge_fired_total{reason=\"slow\"}", "0+1x180"),
            (
                "spillway_ingress_callbacks_total{result=\"reply\"}",
                "0+100x180",
            ),
        ],
        at: "12m",
        labels: &[],
    },
    Case {
        alert: "SpillwayConsumerBehind",
        bad: &[
            (
                "spillway_consumer_lag_seconds{group=\"quiz\",partition=\"3\"}",
                "40x60",
            ),
            (
                "spillway_consumer_lag_seconds{group=\"dedup\",partition=\"3\"}",
                "0x60",
            ),
        ],
        good: &[(
            "spillway_consumer_lag_seconds{group=\"quiz\",partition=\"3\"}",
            "2x60",
        )],
        at: "2m",
        labels: &[("group", "quiz")],
    },
    Case {
        alert: "SpillwayStageFailed",
        bad: &[
            (
                "spillway_stage_state{instance=\"n1:8081\",group=\"quiz\",state=\"failed\"}",
                "1x60",
            ),
            (
                "spillway_stage_state{instance=\"n1:8081\",group=\"quiz\",state=\"running\"}",
                "0x60",
            ),
        ],
        good: &[
            (
                "spillway_stage_state{instance=\"n1:8081\",group=\"quiz\",state=\"failed\"}",
                "0x60",
            ),
            (
                "spillway_stage_state{instance=\"n1:8081\",group=\"quiz\",state=\"running\"}",
                "1x60",
            ),
        ],
        at: "2m",
        labels: &[("instance", NODE), ("group", "quiz")],
    },
    Case {
        alert: "SpillwayStageAlarm",
        bad: &[("spillway_stage_alarms{group=\"dedup\"}", "0x6 1x60")],
        good: &[("spillway_stage_alarms{group=\"dedup\"}", "0x66")],
        at: "2m",
        labels: &[("group", "dedup")],
    },
    Case {
        alert: "SpillwayAuditMismatch",
        bad: &[("spillway_audit_mismatch_total{check=\"V-2\"}", "0x6 1x60")],
        good: &[("spillway_audit_mismatch_total{check=\"V-2\"}", "0x66")],
        at: "2m",
        labels: &[("check", "V-2")],
    },
    Case {
        alert: "SpillwaySealWaits",
        bad: &[(
            "spillway_coordinator_sealing_seconds{instance=\"n1:8081\"}",
            "0+5x60",
        )],
        good: &[(
            "spillway_coordinator_sealing_seconds{instance=\"n1:8081\"}",
            "0x6 3x60",
        )],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwayResultWaits",
        bad: &[("spillway_coordinator_results_waiting", "0x6 1x60")],
        good: &[("spillway_coordinator_results_waiting", "0x6 1x3 0x60")],
        at: "3m",
        labels: &[],
    },
    Case {
        alert: "SpillwayRejectedInputs",
        bad: &[("spillway_stage_rejected_total{group=\"quiz\"}", "0x6 1x60")],
        good: &[("spillway_stage_rejected_total{group=\"quiz\"}", "2x66")],
        at: "2m",
        labels: &[("group", "quiz")],
    },
    Case {
        alert: "SpillwayStoreStopped",
        bad: &[(
            "spillway_store_write_stopped{instance=\"n1:8081\",group=\"dedup\"}",
            "0x6 1x60",
        )],
        good: &[(
            "spillway_store_write_stopped{instance=\"n1:8081\",group=\"dedup\"}",
            "0x66",
        )],
        at: "2m",
        labels: &[("instance", NODE), ("group", "dedup")],
    },
    Case {
        alert: "SpillwayNodeGone",
        bad: &[("up{job=\"spillway\",instance=\"n1:8081\"}", "1x6 0x60")],
        good: &[
            ("up{job=\"spillway\",instance=\"n1:8081\"}", "1x66"),
            ("up{job=\"kafka\",instance=\"k1:7071\"}", "0x66"),
        ],
        at: "2m",
        labels: &[("job", "spillway"), ("instance", NODE)],
    },
    Case {
        alert: "SpillwayNobodyLeads",
        bad: &[(
            "spillway_coordinator_leads{instance=\"n1:8081\"}",
            "1x6 0x60",
        )],
        good: &[
            ("spillway_coordinator_leads{instance=\"n1:8081\"}", "0x66"),
            ("spillway_coordinator_leads{instance=\"n2:8081\"}", "1x66"),
        ],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwaySilentFans",
        bad: &[
            ("spillway_reply_silent_fans{instance=\"n1:8081\"}", "6x60"),
            ("spillway_reply_fans{instance=\"n1:8081\"}", "1000x60"),
        ],
        good: &[
            ("spillway_reply_silent_fans{instance=\"n1:8081\"}", "4x60"),
            ("spillway_reply_fans{instance=\"n1:8081\"}", "1000x60"),
        ],
        at: "3m",
        labels: &[("instance", NODE)],
    },
    Case {
        alert: "SpillwayLadder",
        bad: &[("spillway_ladder_step{instance=\"n1:8081\"}", "1x60")],
        good: &[("spillway_ladder_step{instance=\"n1:8081\"}", "0x60")],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwayConflicts",
        bad: &[("spillway_dedup_total{result=\"conflict\"}", "0x6 1x60")],
        good: &[
            ("spillway_dedup_total{result=\"conflict\"}", "3x66"),
            ("spillway_dedup_total{result=\"first\"}", "0+9x66"),
        ],
        at: "2m",
        labels: &[],
    },
    Case {
        alert: "SpillwaySnapshotsDiffer",
        bad: &[
            ("spillway_config_version{instance=\"n1:8081\"}", "3x60"),
            ("spillway_config_version{instance=\"n2:8081\"}", "4x60"),
        ],
        good: &[
            ("spillway_config_version{instance=\"n1:8081\"}", "4x60"),
            ("spillway_config_version{instance=\"n2:8081\"}", "4x60"),
        ],
        at: "1m",
        labels: &[],
    },
    Case {
        alert: "SpillwaySnapshotOld",
        bad: &[(
            "spillway_rule_snapshot_age_seconds{instance=\"n1:8081\"}",
            "0+5x60",
        )],
        good: &[(
            "spillway_rule_snapshot_age_seconds{instance=\"n1:8081\"}",
            "0x60",
        )],
        at: "1m",
        labels: &[("instance", NODE)],
    },
    Case {
        alert: "SpillwayClockOff",
        bad: &[(
            "spillway_clock_offset_seconds{instance=\"n1:8081\"}",
            "-0.7x60",
        )],
        good: &[(
            "spillway_clock_offset_seconds{instance=\"n1:8081\"}",
            "-0.2x60",
        )],
        at: "2m",
        labels: &[("instance", NODE)],
    },
];
