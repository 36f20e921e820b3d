//! Words or `success`: the campaign, coalescing, re-deliveries, hammering, the ladder.

use crate::client::Client;
use crate::fixture::{DEFAULT_REPLY, Node, account, callback, event, text};
use campaign::Template;
use record::envelope::Spoken;
use record::operate::Ladder;

#[test]
fn the_ladder_widens_the_window_and_silences() {
    let node = Node::start();
    let mut client = node.client();
    let mut say = |create_time, n| {
        client.ask(&callback(
            &account("loud"),
            &text("o1", create_time, n, "GO"),
        ))
    };
    assert!(say(100, 1).text().contains(DEFAULT_REPLY));
    assert!(
        say(100, 2).text().contains(DEFAULT_REPLY),
        "without a campaign nothing is coalesced"
    );
    node.steps_on(Ladder::Short);
    say(129, 3).is_success();
    assert!(say(130, 4).text().contains(DEFAULT_REPLY));
    node.steps_on(Ladder::Silent);
    say(200, 5).is_success();
    node.steps_on(Ladder::Normal);
    assert!(say(200, 6).text().contains(DEFAULT_REPLY));
    let spoken: Vec<_> = node
        .records()
        .iter()
        .map(|record| record.reply.spoken)
        .collect();
    use Spoken::{Coalesced, Reply, Silent};
    assert_eq!(spoken, [Reply, Reply, Coalesced, Reply, Silent, Reply]);
    assert!(
        node.records()
            .iter()
            .all(|record| record.reply.hash.is_some())
    );
    node.metric_becomes("spillway_ladder_step", 0.0);
}

#[test]
fn without_words_nobody_is_silent_while_the_ladder_stands_at_silent() {
    let node = Node::start();
    // What is left of this text is nothing: it cannot be rendered. The check lets no such file pass.
    node.publish_changed("plain", 1, &[0], |campaign| {
        let wordless = Template::parse("\u{1}", 1).unwrap();
        let join = campaign.templates.insert("join".to_owned(), wordless);
        assert!(join.is_some(), "the join template is another one");
    });
    let mut client = node.client();
    node.steps_on(Ladder::Silent);
    for n in 1..=2 {
        let joins = text(&format!("o{n}"), LIVE, n, "GO");
        client
            .ask(&callback(&account("plain"), &joins))
            .is_success();
    }
    node.steps_on(Ladder::Normal);
    client
        .ask(&callback(&account("plain"), &text("o3", LIVE, 3, "GO")))
        .is_success();
    node.metric_becomes("spillway_reply_unrendered_total", 3.0);
    node.metric_becomes("spillway_reply_silent_fans", 1.0);
}

#[test]
fn events_get_no_default_reply() {
    let node = Node::start();
    let unsubscribe = event("o1", 100, "unsubscribe", "<EventKey></EventKey>");
    node.client()
        .ask(&callback(&account("loud"), &unsubscribe))
        .is_success();
    assert_eq!(node.record().reply.spoken, Spoken::Nothing);
}

#[test]
fn an_unacked_answer_silences_nobody() {
    let node = Node::start();
    node.steps_on(Ladder::Short);
    let mut client = node.client();
    node.log
        .refuse(record::topics::INBOUND, msglog::Refusal::QueueFull)
        .unwrap();
    client.send(&callback(&account("loud"), &text("o1", 100, 1, "GO")));
    assert!(client.answer().is_none());
    node.log.heal(record::topics::INBOUND).unwrap();
    let mut client = node.client();
    let other = client.ask(&callback(&account("loud"), &text("o1", 101, 2, "GO")));
    assert!(other.text().contains(DEFAULT_REPLY));
}

/// 14:02:00 of the test's campaign: in the round, far from its edges.
const LIVE: i64 = 1_365_487_320;

/// What a fan is answered, in words or not.
fn say(client: &mut Client, create_time: i64, n: u64, content: &str) -> String {
    let answer = client.ask(&callback(
        &account("plain"),
        &text("o1", create_time, n, content),
    ));
    assert_eq!(answer.status, 200);
    answer.text().to_owned()
}

#[test]
fn ten_joins_an_answer_and_a_question_hear_three_replies() {
    let node = Node::start();
    node.publish("plain", 7, &[0]);
    let mut client = node.client();
    let heard: Vec<String> = (0..10)
        .map(|n| say(&mut client, LIVE + n as i64 * 8 / 9, n, "GO"))
        .collect();
    assert!(heard[0].contains("报名收到，第1题。v1"), "{}", heard[0]);
    assert!(heard[1..].iter().all(|heard| heard == "success"));
    assert!(say(&mut client, LIVE + 9, 20, "A").contains("收到：A（第1题）。v1"));
    assert!(say(&mut client, LIVE + 10, 21, "为什么没反应?").contains("问题收到。v1"));
    let records = node.records();
    assert_eq!(records.len(), 12, "every message is recorded");
    let join = &records[3].reply;
    assert_eq!(
        (&*join.rule, &*join.template, join.snapshot),
        ("join", "join", 7)
    );
    assert_eq!((join.rule_version, join.template_version), (1, 1));
    assert_eq!(join.spoken, Spoken::Coalesced);
    node.metric_becomes("spillway_reply_coalesced_total", 9.0);
    node.metric_becomes("spillway_reply_silent_fans", 0.0);
    node.metric_becomes(
        "spillway_reply_total{class=\"join\",outcome=\"coalesced\",path=\"passive\",rule=\"join\"}",
        9.0,
    );
}

#[test]
fn a_redelivery_gets_the_same_bytes_on_every_node_and_after_a_publication() {
    let (one, two) = (Node::start(), Node::start());
    for node in [&one, &two] {
        node.publish("plain", 1, &[0]);
    }
    let first = say(&mut one.client(), LIVE, 1, "b");
    assert!(first.contains("v1"));
    say(&mut one.client(), LIVE + 2, 2, "b");
    assert_eq!(say(&mut one.client(), LIVE, 1, "b"), first, "again here");
    assert_eq!(say(&mut two.client(), LIVE, 1, "b"), first, "and elsewhere");
    for node in [&one, &two] {
        node.publish("plain", 2, &[0, LIVE + 5]);
        assert_eq!(
            say(&mut node.client(), LIVE, 1, "b"),
            first,
            "the version of its CreateTime"
        );
        assert!(say(&mut node.client(), LIVE + 5, 9, "c").contains("v2"));
    }
    let records = one.records();
    assert_eq!(records[0].reply.hash, records[2].reply.hash);
    assert_eq!(
        (records[0].reply.rule_version, records[4].reply.rule_version),
        (1, 2)
    );
    one.metric_becomes("spillway_ingress_redelivery_total{attempt=\"2\"}", 1.0);
    one.metric_becomes("spillway_ingress_redelivery_total{attempt=\"3+\"}", 1.0);
}

/// What is answered to `订单` at this time, by each of the nodes: the same bytes.
fn says_of_orders(nodes: &[&Node], create_time: i64, n: u64) -> String {
    let mut heard = nodes
        .iter()
        .map(|node| say(&mut node.client(), create_time, n, "订单"));
    let first = heard.next().unwrap();
    assert!(heard.all(|other| other == first), "not on every node");
    first
}

#[test]
fn a_killed_rule_answers_nobody_at_once_and_every_node_says_the_same() {
    let (one, two) = (Node::start(), Node::start());
    let nodes = [&one, &two];
    for node in nodes {
        node.publish("plain", 1, &[0]);
    }
    let before = says_of_orders(&nodes, LIVE, 1);
    assert!(before.contains("订单说明。v1"), "{before}");
    // The rule of the message that comes next in the order of R-17 is not there either: the default.
    for node in nodes {
        node.kills(2, "orders");
    }
    let killed = says_of_orders(&nodes, LIVE + 60, 2);
    assert!(
        !killed.contains("订单说明") && killed.contains("v1"),
        "{killed}"
    );
    // A re-delivery of what was answered by the rule hears what is in force now: a pure function of message and
    // snapshot (V-10), which the record names.
    let again = says_of_orders(&nodes, LIVE, 1);
    assert!(
        !again.contains("订单说明") && again.contains("v1"),
        "{again}"
    );
    assert_eq!(says_of_orders(&nodes, LIVE, 1), again);
    for node in nodes {
        node.publish("plain", 3, &[0]);
    }
    assert_eq!(says_of_orders(&nodes, LIVE, 1), before, "restored");
    let records = one.records();
    let said: Vec<_> = records
        .iter()
        .map(|record| (&*record.reply.rule, record.reply.snapshot))
        .collect();
    let (rule, other) = ("keyword:orders", said[1].0);
    assert_ne!(other, rule);
    assert_eq!(
        said,
        [(rule, 1), (other, 2), (other, 2), (other, 2), (rule, 3)]
    );
}

#[test]
fn who_hammers_is_recorded_and_hears_once_in_each_window() {
    let node = Node::start();
    node.publish("plain", 1, &[0]);
    let mut client = node.client();
    let mut words = 0;
    // Texts of many sorts, so that they are not coalesced before they hammer.
    for n in 0..200_u64 {
        let content =
            ["GO", "A", "B", "C", "D", "为什么没反应?", "第2题A", "xyzzy"][n as usize % 8];
        if say(&mut client, LIVE + n as i64 / 10, n, content) != "success" {
            words += 1;
        }
    }
    assert_eq!(node.records().len(), 200);
    assert!(words <= 10, "{words} replies in 20 s");
    let throttled = node
        .records()
        .iter()
        .filter(|r| r.reply.spoken == Spoken::Throttled)
        .count();
    assert!(throttled > 0);
    node.metric_becomes("spillway_reply_silent_fans", 0.0);
}

#[test]
fn events_are_answered_by_the_campaign_in_every_mode() {
    for name in ["plain", "compatible", "safe"] {
        let node = Node::start();
        node.publish(name, 1, &[0]);
        let follow = event("o1", LIVE, "subscribe", "<EventKey></EventKey>");
        let answer = node.client().ask(&callback(&account(name), &follow));
        let read = wechat::parse_reply(&account(name), &answer.body).unwrap();
        let wechat::Answer::Reply(reply) = read else {
            panic!("a new follower is greeted")
        };
        assert_eq!(reply.content(), Some("欢迎。v1"));
        assert_eq!(node.record().reply.rule, "subscribe");
    }
}

#[test]
fn two_deliveries_at_the_same_time_both_hear_the_same() {
    let node = Node::start();
    node.publish("plain", 1, &[0]);
    node.log.hold(record::topics::INBOUND).unwrap();
    let bytes = callback(&account("plain"), &text("o1", LIVE, 1, "A"));
    let mut clients: Vec<_> = (0..3).map(|_| node.client()).collect();
    for client in &mut clients {
        client.send(&bytes);
    }
    node.held_becomes(3);
    node.log.release(record::topics::INBOUND).unwrap();
    let heard: Vec<_> = clients
        .iter_mut()
        .map(|client| client.answer().unwrap().text().to_owned())
        .collect();
    assert!(heard[0].contains("收到：A"));
    assert!(heard.iter().all(|other| *other == heard[0]));
}

/// A day and more after the campaign.
const LONG_AFTER: i64 = LIVE + 3 * 86_400;

#[test]
fn who_claims_or_asks_for_his_code_is_answered_long_after_the_campaign_and_nobody_else_q_20_q_31() {
    let node = Node::start();
    node.publish("plain", 7, &[0]);
    let mut client = node.client();
    let code = contest::Entrants::new(b"test-2013").code("o1").to_string();
    for (n, at) in [(1, LIVE), (2, LONG_AFTER)] {
        let heard = say(&mut client, at, 10 * n, "我的");
        assert!(heard.contains(&code), "{heard}");
        let heard = say(&mut client, at, 10 * n + 1, "领奖 张三 13800000000 北京");
        assert!(heard.contains("已收到您的领奖信息"), "{heard}");
        let heard = say(&mut client, at, 10 * n + 2, "领奖");
        assert!(heard.contains("写在同一条消息里"), "{heard}");
    }
    for (n, other) in (50..).zip(["GO", "A", "你好", "为什么没反应?"]) {
        assert_eq!(say(&mut client, LONG_AFTER, n, other), "success", "{other}");
    }
    let rules: Vec<String> = node
        .records()
        .iter()
        .map(|r| r.reply.rule.to_string())
        .collect();
    let count = |rule: &str| rules.iter().filter(|found| *found == rule).count();
    assert_eq!(["mine", "claim", "claim_help", ""].map(count), [2, 2, 2, 4]);
    node.metric_becomes(
        "spillway_reply_total{class=\"claim\",outcome=\"reply\",path=\"passive\",rule=\"claim\"}",
        2.0,
    );
}
