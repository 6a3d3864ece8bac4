//! The matching of topics, compared with the embedded broker's, which was written by itself. A test of the checker compares it
//! with RabbitMQ.

use contracts::exchanges::Kind;
use testkit::topics;

#[test]
fn topics_are_matched_as_the_embedded_broker_matches_them() {
    let mut matched = 0;
    for seed in 0..300 {
        let (patterns, keys) = topics::chosen(seed);
        for (pattern, key) in patterns.iter().flat_map(|pattern| keys.iter().map(move |key| (pattern, key))) {
            let takes = Kind::Topic.takes(pattern, key);
            assert_eq!(takes, broker::topic_matches(pattern, key), "pattern {pattern:?}, key {key:?}, seed {seed}");
            matched += u32::from(takes);
        }
    }
    assert!(matched > 10_000, "{matched} pairs match: the words are too many to prove anything");
}
