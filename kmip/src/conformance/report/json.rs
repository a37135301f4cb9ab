//! The report in JSON.

use serde_json::{Value, json};

use super::{Counts, Report};
use crate::conformance::{Outcome, Verdict};

impl Report {
    /// The report as a JSON document; with the messages of the cases that didn't pass.
    pub fn to_json(&self) -> Value {
        self.json(|outcome| outcome.verdict != Verdict::Pass)
    }

    /// The report, with the messages of some cases.
    pub(super) fn json(&self, has_messages: impl Fn(&Outcome) -> bool) -> Value {
        let counts = |counts: &Counts| -> Value {
            counts
                .columns()
                .iter()
                .map(|(name, count)| ((*name).to_owned(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let summary: serde_json::Map<String, Value> = self
            .counts()
            .iter()
            .map(|(version, of_version)| (version.to_string(), counts(of_version)))
            .collect();
        let cases: Vec<Value> =
            self.outcomes.iter().map(|outcome| self.case(outcome, has_messages(outcome))).collect();
        json!({
            "server": self.server,
            "good": self.is_good(),
            "summary": summary,
            "stale": self.stale().map(|(outcome, _)| outcome.case.clone()).collect::<Vec<_>>(),
            "cases": cases,
        })
    }

    fn case(&self, outcome: &Outcome, has_messages: bool) -> Value {
        let steps: Vec<Value> = outcome
            .steps
            .iter()
            .filter(|_| has_messages)
            .map(|step| {
                json!({
                    "client": step.client,
                    "operations": step.operations,
                    "request": step.request,
                    "expected": step.expected,
                    "answer": step.answer,
                })
            })
            .collect();
        json!({
            "case": outcome.case,
            "version": outcome.version.to_string(),
            "verdict": outcome.verdict.to_string(),
            "why": outcome.why(),
            "exception": self.exceptions.get(&outcome.case).map(|known| json!({
                "section": known.section,
                "reason": known.reason,
            })),
            "difference": outcome.difference.as_ref().map(|difference| json!({
                "path": difference.path,
                "reason": difference.reason,
                "expected_line": difference.expected,
                "answer_line": difference.actual,
                "more": outcome.more,
            })),
            "exchanges": outcome.length,
            "right": outcome.right,
            "seconds": outcome.seconds,
            "remarks": outcome.remarks,
            "steps": steps,
        })
    }
}
