//! The skeleton of an HTML page that needs no other file, and the escaping of text in it.

use super::plain::{flow, plain, plain_lines};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("sort.js");

/// The hash of `style.css`, by which the page's policy allows it.
const STYLE_HASH: &str = "RUVF3AnZ8nRI9EPHHWXKRhRiRY4berikSKRfCMOJmJQ=";
/// The hash of `sort.js`.
const SCRIPT_HASH: &str = "IfuhUA9QJU7PwR8V1svOjgYG4srHskp/22ESMhd6CN8=";

/// Returns a whole page. The title is plain text, and the body is HTML. No other style or script runs in it.
pub fn page(title: &str, body: &str, sortable: bool) -> String {
    let (policy, script) = match sortable {
        true => (format!("; script-src 'sha256-{SCRIPT_HASH}'"), format!("<script>{SCRIPT}</script>\n")),
        false => (String::new(), String::new()),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{STYLE_HASH}'{policy}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n{script}</body>\n</html>\n",
        text(title)
    )
}

/// Returns a text as HTML, on one line, made harmless.
pub fn text(text: &str) -> String {
    escape(&plain(text))
}

/// Returns a sentence as HTML: what is between backticks becomes code.
pub fn sentence(sentence: &str) -> String {
    let parts = super::markdown::parts(&flow(sentence));
    parts
        .iter()
        .map(|(code, part)| match code {
            true => format!("<code>{}</code>", escape(part)),
            false => escape(part),
        })
        .collect()
}

/// Returns lines as a block that keeps them. It can be scrolled with the keyboard, so it has a name.
pub fn block(name: &str, lines: &str) -> String {
    let lines = escape(&plain_lines(lines.trim_end_matches(['\n', '\r'])));
    // A parser drops a line break that follows the tag.
    format!("<pre tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n{lines}</pre>\n", text(name))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_policy_allows_this_style_and_this_script() {
        let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert_eq!((STYLE_HASH, SCRIPT_HASH), (hash(STYLE).as_str(), hash(SCRIPT).as_str()));
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(text("<b a='\"'>&\n"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\\n");
        assert_eq!(sentence("Use `a<b>`, not `c"), "Use <code>a&lt;b&gt;</code>, not `c");
    }
}
