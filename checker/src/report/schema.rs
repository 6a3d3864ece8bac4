//! The JSON Schema of a report (draft 2020-12), made from [`FIELDS`]. `checker/schema/check-v1.json` is its copy.

use serde_json::{Map, Value, json};

use super::json::{FIELDS, FORMAT, Field};
use crate::verdict::{Outcome, Verdict};

/// Returns the schema of `hello-rabbit/check/v1`. All listed fields are required, and others may be added.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object("");
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(FORMAT));
    schema.insert(
        "description".to_owned(),
        json!("The report of one check. Readers ignore fields that they do not know."),
    );
    schema.insert("type".to_owned(), json!("object"));
    Value::Object(schema)
}

/// Returns `properties` and `required` for the fields below this path. Empty when none is listed.
fn object(path: &str) -> Map<String, Value> {
    let below = FIELDS.iter().filter_map(|field| {
        let name = field.path.strip_prefix(path)?;
        (!name.is_empty() && !name.contains('.')).then_some((name, field))
    });
    let properties: Map<String, Value> = below.clone().map(|(name, field)| (name.to_owned(), value(field))).collect();
    if properties.is_empty() {
        return properties;
    }
    let required: Vec<&str> = below.map(|(name, _)| name).collect();
    Map::from_iter([("properties".to_owned(), json!(properties)), ("required".to_owned(), json!(required))])
}

fn value(field: &'static Field) -> Value {
    let types: Vec<&str> = field.types.split(" or ").collect();
    let mut schema = object(&format!("{}.", field.path));
    schema.insert("description".to_owned(), json!(described(field).meaning));
    if types.contains(&"array") {
        let mut items = object(&format!("{}[].", field.path));
        // An array without listed fields contains lines of text.
        let kind = if items.is_empty() { "string" } else { "object" };
        items.insert("type".to_owned(), json!(kind));
        schema.insert("items".to_owned(), Value::Object(items));
    }
    if let Some(words) = words(field.path) {
        schema.insert("enum".to_owned(), json!(words));
    }
    schema.insert("type".to_owned(), if let [one] = types[..] { json!(one) } else { json!(types) });
    Value::Object(schema)
}

/// Returns the field with the full description: most fields in `programs` are like the primary run's own.
fn described(field: &'static Field) -> &'static Field {
    let primary = field.path.strip_prefix("programs[].").filter(|name| !["role", "arguments"].contains(name));
    primary.and_then(|name| FIELDS.iter().find(|other| other.path == name)).unwrap_or(field)
}

/// Returns the values of a field that has a fixed set of them.
fn words(path: &str) -> Option<Vec<&'static str>> {
    Some(match path {
        "format" => vec![FORMAT],
        "verdict" => [Verdict::Passed, Verdict::Failed, Verdict::NotChecked].map(Verdict::word).to_vec(),
        "steps[].verdict" => Outcome::WORDS.iter().map(|(word, _)| *word).collect(),
        "wire[].from" | "programs[].wire[].from" => vec!["program", "broker"],
        _ => return None,
    })
}
