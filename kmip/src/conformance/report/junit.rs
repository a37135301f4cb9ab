//! The report as XML of JUnit, which build servers read.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::Report;
use crate::conformance::{Outcome, Verdict};

impl Report {
    /// The report as XML of JUnit: a suite a version.
    ///
    /// # Errors
    ///
    /// None that is known: it is written to memory.
    pub fn to_junit(&self) -> std::io::Result<Vec<u8>> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer.write_event(Event::Start(BytesStart::new("testsuites")))?;
        for (version, counts) in self.counts() {
            let name = format!("KMIP {version}");
            let outcomes: Vec<&Outcome> =
                self.outcomes.iter().filter(|outcome| outcome.version == version).collect();
            let seconds: f64 = outcomes.iter().map(|outcome| outcome.seconds).sum();
            let number = |count: usize| count.to_string();
            let mut suite = BytesStart::new("testsuite");
            suite.push_attribute(("name", name.as_str()));
            suite.push_attribute(("tests", number(outcomes.len()).as_str()));
            suite.push_attribute(("failures", number(counts.fail).as_str()));
            suite.push_attribute(("errors", number(counts.error).as_str()));
            suite.push_attribute(("skipped", number(counts.skip + counts.excepted).as_str()));
            suite.push_attribute(("time", format!("{seconds:.3}").as_str()));
            writer.write_event(Event::Start(suite))?;
            for outcome in outcomes {
                self.test_case(&mut writer, &name, outcome)?;
            }
            writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
        Ok(writer.into_inner())
    }

    fn test_case(&self, writer: &mut Writer<Vec<u8>>, suite: &str, outcome: &Outcome) -> std::io::Result<()> {
        let mut case = BytesStart::new("testcase");
        case.push_attribute(("classname", suite));
        case.push_attribute(("name", outcome.case.as_str()));
        case.push_attribute(("time", format!("{:.3}", outcome.seconds).as_str()));
        let excepted = self.excepted(outcome);
        let (element, text) = match (outcome.verdict, excepted) {
            (_, Some(known)) => ("skipped", format!("contradicts {}: {}", known.section, known.reason)),
            (Verdict::Fail, None) => ("failure", outcome.why()),
            (Verdict::Error, None) => ("error", outcome.why()),
            (Verdict::Skip, None) => ("skipped", outcome.why()),
            (Verdict::Pass | Verdict::Alternative, None) => return writer.write_event(Event::Empty(case)),
        };
        writer.write_event(Event::Start(case))?;
        let mut child = BytesStart::new(element);
        child.push_attribute(("message", printable(&text).as_str()));
        match outcome.steps.last().filter(|_| outcome.verdict.is_bad()) {
            None => writer.write_event(Event::Empty(child))?,
            Some(step) => {
                let answer = step.answer.as_deref().unwrap_or("none\n");
                let text =
                    format!("\nrequest:\n{}\nexpected:\n{}\nanswer:\n{answer}", step.request, step.expected);
                writer.write_event(Event::Start(child))?;
                writer.write_event(Event::Text(BytesText::new(&printable(&text))))?;
                writer.write_event(Event::End(BytesEnd::new(element)))?;
            }
        }
        writer.write_event(Event::End(BytesEnd::new("testcase")))
    }
}

/// A text without characters that XML can't hold.
fn printable(text: &str) -> String {
    text.chars().filter(|c| crate::xml::is_allowed(*c)).collect()
}
