//! The official test cases, replayed on any KMIP server.
//!
//! OASIS publishes its test cases and the mandatory and optional cases of its profiles as files of XML: requests and the
//! answers to them, with variables such as `$UNIQUE_IDENTIFIER_0` and `$NOW` where values can't be known before. A
//! [`Runner`] sends the requests, binds the variables, and compares the answers as the profiles say ("Permitted Test Case
//! Variations"): what they don't permit is a difference.
//!
//! ```no_run
//! use kmip::{client::{Identity, Options}, conformance::{Case, Runner, Target}};
//!
//! let mut options = Options::new("kms.example.org".parse()?);
//! options.ca = Some("ca.crt".into());
//! options.identity = Some(Identity::new("client.crt", "client.key"));
//! let mut runner = Runner::new(Target::new(options));
//! let outcome = runner.play(&Case::open("SKLC-M-1-14.xml")?, &|_| None);
//! println!("{}: {} {}", outcome.case, outcome.verdict, outcome.why());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod case;
mod known;
mod matching;
mod memory;
mod node;
mod outcome;
mod report;
mod run;

pub use self::{
    case::{Case, NotACase},
    matching::Difference,
    outcome::{Outcome, Played, Verdict},
    report::{Exception, Exceptions, Report},
    run::{Restart, Runner, Target, files},
};
