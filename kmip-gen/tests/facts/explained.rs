//! The differences that are meant, each with its reason.

use std::fs;

/// Where they stand, from the root of the package.
pub(crate) const PATH: &str = "tests/facts-differences.md";

/// The entries of the file: lines `- ...`, in which `*` stands for any text, each under the reason that is its heading.
pub(crate) struct Explained {
    entries: Vec<String>,
}

impl Explained {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(format!("{}/{PATH}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut entries = Vec::new();
        let mut reason = false;
        for line in text.lines() {
            reason |= line.starts_with("## ");
            if let Some(entry) = line.strip_prefix("- ") {
                assert!(reason, "{PATH}: `{entry}` stands under no reason");
                assert!(!entries.iter().any(|known| known == entry), "{PATH}: `{entry}` stands there twice");
                entries.push(entry.to_owned());
            }
        }
        Self { entries }
    }

    pub(crate) fn without_reason(&self, differences: &[String]) -> Vec<String> {
        let unexplained = differences.iter();
        let explained =
            |difference: &String| self.entries.iter().any(|entry| matches(entry, difference.as_str()));
        unexplained.filter(|difference| !explained(difference)).cloned().collect()
    }

    pub(crate) fn without_difference(&self, differences: &[String]) -> Vec<String> {
        let needed = |entry: &String| differences.iter().any(|difference| matches(entry, difference));
        self.entries.iter().filter(|entry| !needed(entry)).cloned().collect()
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(tail)
}

#[test]
fn an_asterisk_stands_for_any_text() {
    assert!(matches("a * c", "a b c") && matches("*", "") && matches("a*b*c", "a1b2b3c"));
    assert!(!matches("a * c", "a b d") && !matches("a", "a b") && !matches("a*a", "a"));
}
