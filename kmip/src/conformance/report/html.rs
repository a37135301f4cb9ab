//! The report as one file for browsers, which needs nothing else.

use super::Report;

impl Report {
    /// The report as a page, with the messages of all cases.
    pub fn to_html(&self) -> String {
        // Within a script element, only the end of one has a meaning.
        let data = self.json(|_| true).to_string().replace("</", "<\\/").replace("<!--", "<\\!--");
        PAGE.replacen("{{DATA}}", &data, 1)
    }
}

const PAGE: &str = include_str!("page.html");
