//! Hints that no longer help: the program already does what they lead to.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Some hints of a step, and the sign in a check's report that makes them superfluous.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Done {
    /// The hints, by their numbers in the step, from 1.
    pub hints: Vec<usize>,
    /// The method that the program sent: `basic.publish`.
    pub says: Option<String>,
    /// The arguments that the method must have.
    pub args: Map<String, Value>,
    /// The start of a line that the program printed.
    pub prints: Option<String>,
}

impl Done {
    /// Returns whether the report shows all of this.
    fn shows_in(&self, report: &Value) -> bool {
        let list = |field: &str| report[field].as_array().map_or(&[][..], Vec::as_slice);
        let said = |method: &String| {
            list("wire").iter().any(|event| {
                event["from"] == "program"
                    && event["method"] == **method
                    && self.args.iter().all(|(name, value)| includes(&event["args"][name], value))
            })
        };
        let printed = |start: &String| {
            list("stdout").iter().any(|line| line.as_str().is_some_and(|line| line.starts_with(start.as_str())))
        };
        self.says.as_ref().is_none_or(said) && self.prints.as_ref().is_none_or(printed)
    }
}

/// Returns the hints that still help the program of this report.
pub fn left<'a>(hints: &'a [String], done: &[Done], report: &Value) -> Vec<&'a str> {
    let is_superfluous = |number: usize| done.iter().any(|done| done.hints.contains(&number) && done.shows_in(report));
    let numbered = (1..).zip(hints).filter(|(number, _)| !is_superfluous(*number));
    numbered.map(|(_, hint)| hint.as_str()).collect()
}

/// Returns whether a value equals this one, or is an object that contains all of it.
fn includes(value: &Value, part: &Value) -> bool {
    match part {
        Value::Object(fields) => fields.iter().all(|(name, part)| includes(&value[name], part)),
        part => value == part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    struct Step {
        hints: Vec<String>,
        done: Vec<Done>,
    }

    #[test]
    fn hints_are_left_out_when_the_report_shows_what_they_lead_to() {
        let step: Step = toml::from_str(
            r#"
            hints = ['Publish.', 'To hello.', 'Print.', 'Always.']
            done = [
                { hints = [1], says = "basic.publish" },
                { hints = [2], says = "basic.publish", args = { routing-key = "hello", properties = { delivery-mode = 2 } } },
                { hints = [1, 3], prints = " [x] Sent" },
            ]
            "#,
        )
        .unwrap();
        let left = |report: Value| left(&step.hints, &step.done, &report).join(" ");
        let publish = |key: &str, from: &str| {
            let args = json!({ "routing-key": key, "properties": { "delivery-mode": 2, "app-id": "mine" } });
            json!({ "from": from, "method": "basic.publish", "args": args })
        };
        assert_eq!(left(Value::Null), "Publish. To hello. Print. Always.");
        let other = json!({ "wire": [publish("hello", "broker")], "stdout": [" [x] Send"] });
        assert_eq!(left(other), "Publish. To hello. Print. Always.");
        assert_eq!(left(json!({ "wire": [publish("hi", "program")] })), "To hello. Print. Always.");
        assert_eq!(left(json!({ "stdout": [" [x] Sent 'x'"] })), "To hello. Always.");
        assert_eq!(left(json!({ "wire": [publish("hello", "program")] })), "Print. Always.");
    }
}
