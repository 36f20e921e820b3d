//! Topics that are as they must be, and every way in which they are not.

use super::*;
use crate::contract::Tier;

fn topic(name: &str) -> TopicConfig {
    TopicConfig {
        name: name.to_owned(),
        partitions: 2,
        retention: Some(Duration::from_secs(60)),
        tier: Tier::Consumer,
    }
}

fn config() -> KafkaConfig {
    KafkaConfig::new(vec!["b:1".to_owned()], vec![topic("a"), topic("b")])
}

fn good(log: u64, own: u64) -> Found {
    let settings = [
        ("min.insync.replicas", "2".to_owned()),
        ("unclean.leader.election.enable", "false".to_owned()),
        ("retention.ms", "60000".to_owned()),
        ("retention.bytes", "-1".to_owned()),
        ("cleanup.policy", "delete".to_owned()),
        ("message.timestamp.type", "LogAppendTime".to_owned()),
        ("max.message.bytes", RECORD_BYTES_MAX.to_string()),
        (LOG_MARK, mark(log).to_string()),
        (TOPIC_MARK, mark(own).to_string()),
    ];
    Found {
        replicas: vec![3, 3],
        settings: settings.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}

fn facts(founds: [Found; 2]) -> Result<TopicFacts, LogError> {
    let config = config();
    let states: Vec<TopicState> = config
        .topics
        .iter()
        .zip(&founds)
        .map(|(topic, found)| judge(&config, topic, found))
        .collect();
    TopicFacts::of(&states, "cluster")
}

#[test]
fn what_is_in_order_is_remembered_and_read_back() {
    let found = facts([good(7, 1), good(7, 2)]).unwrap();
    assert_eq!(found.topics.len(), 2);
    assert_eq!(TopicFacts::parse(&found.to_text()).unwrap(), found);
    assert_eq!(found.difference(&found), None);
    for text in [
        "",
        "spillway kafka facts 1\n",
        "spillway kafka facts 1\nlog zz\n",
        "spillway kafka facts 1\nlog 07\ntopic a 1 2\n",
        "spillway kafka facts 1\nlog 07\ntopic a 1 2 3 4 5\n",
    ] {
        assert!(TopicFacts::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn each_setting_that_differs_is_named_with_what_is_and_what_should_be() {
    let cases = [
        ("min.insync.replicas", "1"),
        ("unclean.leader.election.enable", "true"),
        ("retention.ms", "-1"),
        ("retention.bytes", "1000"),
        ("cleanup.policy", "compact"),
        ("message.timestamp.type", "CreateTime"),
        ("max.message.bytes", "1048588"),
    ];
    for (key, value) in cases {
        let mut found = good(7, 1);
        found.settings.insert(key.to_owned(), value.to_owned());
        let text = facts([found, good(7, 2)]).unwrap_err().to_string();
        for part in [key.rsplit('.').next().unwrap(), value, "spillway.a"] {
            assert!(text.contains(part), "{text}");
        }
    }
    type Break = fn(&mut Found);
    let cases: [(Break, &str); 6] = [
        (|f| f.replicas = vec![3], "1 partitions, 2 are configured"),
        (|f| f.replicas = vec![3, 1], "1 replicas, 3 are configured"),
        (|f| f.replicas.clear(), "spillway topics create"),
        (|f| f.settings.clear(), "cannot be read"),
        (|f| drop(f.settings.remove(TOPIC_MARK)), "no identity"),
        (
            |f| drop(f.settings.insert(LOG_MARK.to_owned(), i64::MAX.to_string())),
            "no identity",
        ),
    ];
    for (break_it, words) in cases {
        let mut found = good(7, 1);
        break_it(&mut found);
        let text = facts([found, good(7, 2)]).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn topics_of_two_logs_and_topics_made_again_are_told_apart() {
    let text = facts([good(7, 1), good(8, 2)]).unwrap_err().to_string();
    assert!(text.contains("different logs"), "{text}");
    let before = facts([good(7, 1), good(7, 2)]).unwrap();
    let again = facts([good(7, 1), good(7, 3)]).unwrap();
    let text = before.difference(&again).unwrap();
    assert!(text.contains("\"b\" was deleted and made again"), "{text}");
    let other = facts([good(9, 1), good(9, 2)]).unwrap();
    assert!(before.difference(&other).unwrap().contains("belong to log"));
    let mut fewer = before.clone();
    fewer.topics.remove("b");
    assert_eq!(
        fewer.difference(&before),
        None,
        "a new topic is no difference"
    );
}
