//! The compiler's output about a program, in cargo's messages (`--message-format=json`).

use std::path::Path;

use recording::{BuildError, Warning};
use serde_json::Value;

/// Returns the compiler's errors. None if there are none.
#[must_use]
pub fn errors(messages: &str) -> Option<BuildError> {
    let errors: Vec<Value> = compilers(messages).filter(|message| message["message"]["level"] == "error").collect();
    let text: Vec<&str> =
        errors.iter().filter_map(|error| Some(error["message"]["rendered"].as_str()?.trim_end())).collect();
    // A code without an explanation has no page in the index.
    let code = |error: &Value| {
        let code = &error["message"]["code"];
        let is_one = code["explanation"].is_string();
        code["code"].as_str().filter(|code| is_one && code.starts_with('E')).map(str::to_owned)
    };
    (!text.is_empty()).then(|| BuildError { text: text.join("\n\n"), code: errors.iter().find_map(code) })
}

/// Returns the unused values of this package that must be used.
#[must_use]
pub fn unused(messages: &str, manifest: &Path) -> Vec<Warning> {
    let of_package =
        |message: &Value| message["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest);
    compilers(messages).filter(of_package).filter_map(|message| one_unused(&message["message"])).collect()
}

fn one_unused(message: &Value) -> Option<Warning> {
    if message["code"]["code"] != "unused_must_use" {
        return None;
    }
    let span = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let text = span["text"].as_array()?.iter().filter_map(|line| line["text"].as_str());
    let note = message["children"].as_array().and_then(|children| {
        let is_lints = |note: &str| note.starts_with("`#[warn(");
        children.iter().filter_map(|child| child["message"].as_str()).find(|note| !is_lints(note))
    });
    Some(Warning {
        file: span["file_name"].as_str()?.to_owned(),
        line: span["line_start"].as_u64()?,
        code: text.collect::<Vec<_>>().join("\n"),
        message: message["message"].as_str()?.to_owned(),
        note: note.unwrap_or_default().to_owned(),
    })
}

/// Returns the programs that were built.
#[must_use]
pub fn executables(messages: &str) -> Vec<String> {
    parsed(messages)
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["kind"] == serde_json::json!(["bin"])
        })
        .filter_map(|message| message["executable"].as_str().map(str::to_owned))
        .collect()
}

fn compilers(messages: &str) -> impl Iterator<Item = Value> {
    parsed(messages).filter(|message| message["reason"] == "compiler-message")
}

fn parsed(messages: &str) -> impl Iterator<Item = Value> {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns a message of cargo about a package in /mine.
    fn message(level: &str, code: Value, text: &str, line: &str, notes: &[&str]) -> String {
        let children: Vec<Value> = notes.iter().map(|note| json!({ "level": "note", "message": note })).collect();
        let span =
            json!({ "file_name": "src/main.rs", "line_start": 51, "is_primary": true, "text": [{ "text": line }] });
        json!({
            "reason": "compiler-message", "manifest_path": "/mine/Cargo.toml",
            "message": {
                "level": level, "code": code, "message": text, "children": children, "spans": [span],
                "rendered": format!("{level}: {text}\n"),
            },
        })
        .to_string()
    }

    fn must_use() -> Value {
        json!({ "code": "unused_must_use", "explanation": null })
    }

    #[test]
    fn of_the_warnings_only_those_of_unused_values_of_the_package_count() {
        let future = message(
            "warning",
            must_use(),
            "unused implementer of `Future` that must be used",
            "    channel.basic_publish(flags);",
            &["futures do nothing unless you `.await` or poll them", "`#[warn(unused_must_use)]` on by default"],
        );
        let result = message("warning", must_use(), "unused `Result` that must be used", "    f();", &["`#[warn(x)]`"]);
        let other = message("warning", json!({ "code": "unused_variables" }), "unused variable", "", &[]);
        let found = unused(&[future, result, other].join("\n"), Path::new("/mine/Cargo.toml"));
        assert_eq!(found.iter().map(Warning::is_future).collect::<Vec<_>>(), [true, false]);
        assert_eq!(
            found[0].lines(),
            "src/main.rs:51: channel.basic_publish(flags);\n\
             warning: unused implementer of `Future` that must be used\n\
             note: futures do nothing unless you `.await` or poll them"
        );
        assert_eq!(found[1].lines(), "src/main.rs:51: f();\nwarning: unused `Result` that must be used");
        let future = message("warning", must_use(), "unused", "f();", &[]);
        assert_eq!(unused(&future, Path::new("/another/Cargo.toml")), []);
    }

    #[test]
    fn an_error_has_its_page_where_its_code_has_one() {
        let coded = |code: Value| message("error", code, "wrong", "", &[]);
        let explained = coded(json!({ "code": "E0308", "explanation": "Expected type did not match" }));
        let code = |messages: &[String]| errors(&messages.join("\n")).and_then(|errors| errors.code);
        assert_eq!(code(&[coded(Value::Null), explained.clone()]).as_deref(), Some("E0308"));
        assert_eq!(code(&[coded(json!({ "code": "E9999", "explanation": null }))]), None);
        assert_eq!(code(&[coded(json!({ "code": "unused_must_use", "explanation": "x" }))]), None);
        assert_eq!(errors(&message("warning", Value::Null, "odd", "", &[])), None);
        assert_eq!(errors(&[explained.clone(), explained].join("\n")).unwrap().text, "error: wrong\n\nerror: wrong");
    }
}
