//! The report as one file for browsers, which needs nothing else.

use super::Report;

impl Report {
    /// The report as a page, with the messages of all cases.
    pub fn to_html(&self) -> String {
        // So that no text of a message ends the script element; in JSON the sign stands in strings alone.
        let data = self.json(|_| true).to_string().replace('<', "\\u003c");
        PAGE.replacen("{{DATA}}", &data, 1)
    }
}

const PAGE: &str = include_str!("page.html");
