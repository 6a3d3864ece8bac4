//! The platforms' formats as JSON Schemas, and what a schema can't say.

use serde_json::Value;

/// Gradescope's documented fields.
const GRADESCOPE: &str = include_str!("gradescope.schema.json");

/// Classroom 50's result, which has no other fields at the top.
const CLASSROOM50: &str = include_str!("classroom50.schema.json");

/// Checks a `results.json` of Gradescope.
pub fn gradescope(results: &Value) {
    check(GRADESCOPE, results);
    let number = |value: &Value| value.as_f64().unwrap();
    let tests = results["tests"].as_array().unwrap();
    for test in tests {
        assert!(number(&test["score"]) <= number(&test["max_score"]), "{test}");
    }
    let sum = |field: &str| tests.iter().map(|test| number(&test[field])).sum::<f64>();
    assert!(number(&results["score"]) <= sum("max_score"), "the score is above the sum of the tests' points");
}

/// Checks a `result.json` of Classroom 50.
pub fn classroom50(result: &Value) {
    check(CLASSROOM50, result);
    for part in result["tests"].as_array().unwrap().iter().chain([result]) {
        assert!(part["score"].as_u64() <= part["max-score"].as_u64(), "{part}");
    }
}

fn check(schema: &str, value: &Value) {
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{}\n{value:#}", faults.join("\n"));
}
