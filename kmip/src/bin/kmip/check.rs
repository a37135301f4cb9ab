//! `kmip check`: is what is written back what was read?

use std::{
    fs,
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kmip::{
    ttlv::{self, Bytes, ErrorKind, Limits, Mode, Node, Structure, Tag, Tree},
    types::{RequestMessage, ResponseMessage},
};
use serde_json::{Value, json};

use super::{
    failure::Result,
    input::{self, Form, Message},
    output::{ERROR, GOOD, Output, printable},
};

/// Checks that KMIP messages are exact: each is decoded strictly in its own version, encoded again, and compared.
///
/// For each that differs or is refused the file, line, label, offset, path and reason are printed; the last line is
/// `N exact, M different, K refused`. The exit status is 0 if there are messages and all are exact, and otherwise 1.
///
/// Some software writes items of a later version than its messages say. Such a message is exact if it is written back the
/// same with those items kept as they are, and is printed with a remark.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Files with messages: a message a line in hex or base64, with or without a label before it, raw binary, XML or
    /// JSON;
    /// `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How the messages stand there [default: found out].
    #[arg(long)]
    form: Option<Form>,
}

/// What became of a message.
enum Verdict {
    Exact,
    /// Exact, but with an item that the message's version doesn't have.
    OfOtherVersion(ttlv::Error),
    Different(Difference),
    Refused(ttlv::Error),
    NoMessage(String),
}

/// The first place where what was written is not what was read.
struct Difference {
    offset: usize,
    path: String,
    read: Option<u8>,
    written: Option<u8>,
}

#[derive(Default)]
struct Counts {
    exact: u64,
    different: u64,
    refused: u64,
}

impl Check {
    pub(crate) fn run(self, output: &Output) -> Result<ExitCode> {
        let mut run = Run {
            output,
            counts: Counts::default(),
            faults: Vec::new(),
            scratch: Vec::new(),
            bar: self.bar(),
        };
        let mut before = 0;
        for file in &self.files {
            let mut end = before;
            input::messages(file, self.form, &mut |message| {
                end = before + message.read;
                run.message(file, message, end)
            })?;
            before = end;
        }
        run.end()
    }

    /// Something to watch, for a person and for files that take a while.
    fn bar(&self) -> Option<ProgressBar> {
        let sizes = self.files.iter().map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len()));
        let size: u64 = sizes.sum();
        let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}").ok()?;
        (size > 8 << 20 && stderr().is_terminal()).then(|| ProgressBar::new(size).with_style(style))
    }
}

struct Run<'a> {
    output: &'a Output,
    counts: Counts,
    faults: Vec<Value>,
    scratch: Vec<u8>,
    bar: Option<ProgressBar>,
}

impl Run<'_> {
    fn message(&mut self, file: &Path, message: Message<'_>, read: u64) -> Result<()> {
        let verdict = match &message.bytes {
            Ok(bytes) => judge(bytes, &mut self.scratch),
            Err(reason) => Verdict::NoMessage((*reason).to_owned()),
        };
        let seen = self.counts.exact + self.counts.different + self.counts.refused;
        if let Some(bar) = self.bar.as_ref().filter(|_| seen.is_multiple_of(64)) {
            bar.set_position(read);
        }
        match verdict {
            Verdict::Exact | Verdict::OfOtherVersion(_) => self.counts.exact += 1,
            Verdict::Different(_) => self.counts.different += 1,
            Verdict::Refused(_) | Verdict::NoMessage(_) => self.counts.refused += 1,
        }
        if self.output.is_json() {
            self.faults.extend(verdict.document().map(|mut fault| {
                fault["file"] = json!(file.display().to_string());
                fault["place"] = json!(message.place.to_string());
                fault["label"] = json!(message.label);
                fault
            }));
            return Ok(());
        }
        let Some(text) = verdict.text() else { return Ok(()) };
        let label = if message.label.is_empty() {
            String::new()
        } else {
            format!("{}: ", printable(message.label.to_owned()))
        };
        let line = format!("{}:{}: {label}{text}", file.display(), message.place);
        match &self.bar {
            Some(bar) => bar.suspend(|| self.output.line(line)),
            None => self.output.line(line),
        }
    }

    fn end(self) -> Result<ExitCode> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let Counts { exact, different, refused } = self.counts;
        let good = exact > 0 && different == 0 && refused == 0;
        if self.output.is_json() {
            let document =
                json!({ "exact": exact, "different": different, "refused": refused, "faults": self.faults });
            self.output.json(&document)?;
        } else {
            let colour = if good { GOOD } else { ERROR };
            self.output.line(format_args!(
                "{colour}{exact} exact, {different} different, {refused} refused{colour:#}"
            ))?;
        }
        if exact + different + refused == 0 {
            self.output.warn("there are no messages in that");
        }
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Decodes, encodes, compares.
fn judge(bytes: &Bytes, scratch: &mut Vec<u8>) -> Verdict {
    // The files are the user's own: a large one is checked all the same. Depth stays limited, as the stack is.
    let limits = Limits { size: usize::MAX, items: u32::MAX, ..Limits::DEFAULT };
    let tag = bytes.first_chunk().map(|[t0, t1, t2]| Tag(u32::from_be_bytes([0, *t0, *t1, *t2])));
    let tag = tag.unwrap_or(RequestMessage::TAG);
    if tag != ResponseMessage::TAG && tag != RequestMessage::TAG {
        return Verdict::NoMessage(format!("it is neither RequestMessage nor ResponseMessage, but {tag}"));
    }
    let mut round = |mode| {
        scratch.clear();
        if tag == ResponseMessage::TAG {
            ResponseMessage::read(bytes, mode, limits)?.write(scratch)
        } else {
            RequestMessage::read(bytes, mode, limits)?.write(scratch)
        }
    };
    match round(Mode::Strict) {
        Err(error) if matches!(error.kind(), ErrorKind::Version { .. }) => match round(Mode::Lenient) {
            Ok(()) if bytes == scratch => Verdict::OfOtherVersion(error),
            _ => Verdict::Refused(error),
        },
        Err(error) => Verdict::Refused(error),
        Ok(()) if bytes == scratch => Verdict::Exact,
        Ok(()) => Verdict::Different(Difference::between(bytes, scratch, limits)),
    }
}

impl Difference {
    fn between(read: &Bytes, written: &[u8], limits: Limits) -> Self {
        let same = read.iter().zip(written).take_while(|(read, written)| read == written).count();
        let path = Tree::parse(read, Mode::Lenient, limits).map(|tree| path(&tree, same)).unwrap_or_default();
        Self { offset: same, path, read: read.get(same).copied(), written: written.get(same).copied() }
    }
}

/// The tags down to the item that holds a byte.
fn path(tree: &Tree, offset: usize) -> String {
    let holds = |node: &Node<'_>| (node.offset()..node.offset() + node.encoded().len()).contains(&offset);
    let mut path = tree.root().tag().to_string();
    let mut node = tree.root();
    while let Some(child) = node.children().find(holds) {
        let index = node.children().take_while(|other| other.offset() < child.offset());
        let index = index.filter(|other| other.tag() == child.tag()).count();
        path.push_str(&format!("/{}", child.tag()));
        if index > 0 {
            path.push_str(&format!("[{index}]"));
        }
        node = child;
    }
    path
}

impl Verdict {
    fn text(&self) -> Option<String> {
        Some(match self {
            Self::Exact => return None,
            Self::OfOtherVersion(error) => format!("exact, but {error}"),
            Self::Different(difference) => format!("{ERROR}different{ERROR:#}: {difference}"),
            Self::Refused(error) => format!("{ERROR}refused{ERROR:#}: {error}"),
            Self::NoMessage(reason) => format!("{ERROR}refused{ERROR:#}: {reason}"),
        })
    }

    fn document(&self) -> Option<Value> {
        Some(match self {
            Self::Exact => return None,
            Self::OfOtherVersion(error) => json!({
                "result": "exact",
                "offset": error.offset(),
                "path": error.path().to_string(),
                "remark": error.kind().to_string(),
            }),
            Self::Different(difference) => json!({
                "result": "different",
                "offset": difference.offset,
                "path": difference.path,
                "reason": difference.to_string(),
            }),
            Self::Refused(error) => json!({
                "result": "refused",
                "offset": error.offset(),
                "path": error.path().to_string(),
                "reason": error.kind().to_string(),
            }),
            Self::NoMessage(reason) => json!({ "result": "refused", "reason": reason }),
        })
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let byte = |byte: Option<u8>| byte.map_or("the end".to_owned(), |byte| format!("{byte:02x}"));
        let (read, written) = (byte(self.read), byte(self.written));
        write!(f, "read {read}, wrote {written} at byte {} in {}", self.offset, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{failure::Failure, values::unhex};
    use std::path::PathBuf;

    fn verdict(hex: &str) -> Verdict {
        let hex: String = hex.split_whitespace().collect();
        judge(&unhex(hex.as_bytes()).expect("hexadecimal").into(), &mut Vec::new())
    }

    /// A request of KMIP 1.0 to destroy an object, by the tables of its §7.1, 4.20 and 9.1.
    const DESTROY: &str = "420078 01 00000090
        420077 01 00000038
          420069 01 00000020 42006a 02 00000004 00000001 00000000 42006b 02 00000004 00000000 00000000
          42000d 02 00000004 00000001 00000000
        42000f 01 00000048
          42005c 05 00000004 00000014 00000000
          420079 01 00000030
            420094 07 00000024 66633338 33336465 2d373064 322d3465 63652d62 3036332d 66656465 33613363 35396665
            00000000";

    #[test]
    fn exact() {
        assert!(matches!(verdict(DESTROY), Verdict::Exact));
    }

    #[test]
    fn refused_with_place_and_reason() {
        // The last byte of padding.
        let Verdict::Refused(error) =
            verdict(&DESTROY.replace("35396665\n            00000000", "35396665 00000001"))
        else {
            panic!("padding that isn't zero was accepted");
        };
        assert!(
            error.to_string().ends_with("in RequestMessage/BatchItem/RequestPayload/UniqueIdentifier"),
            "{error}"
        );
        assert!(matches!(verdict("420078 01 00000090 420077"), Verdict::Refused(_)));
        assert!(matches!(verdict(""), Verdict::Refused(_)));
        assert!(matches!(verdict("420077 01 00000000"), Verdict::NoMessage(_)));
    }

    #[test]
    fn differences_are_located() {
        let read: String = DESTROY.split_whitespace().collect();
        let read = Bytes::from(unhex(read.as_bytes()).expect("hexadecimal"));
        let mut written = read.to_vec();
        *written.get_mut(91).expect("a byte") = 0x15;
        let difference = Difference::between(&read, &written, Limits::DEFAULT);
        assert_eq!(
            difference.to_string(),
            "read 14, wrote 15 at byte 91 in RequestMessage/BatchItem/Operation"
        );
        let difference =
            Difference::between(&read, written.get(..91).expect("as many bytes"), Limits::DEFAULT);
        assert_eq!(
            difference.to_string(),
            "read 14, wrote the end at byte 91 in RequestMessage/BatchItem/Operation"
        );
    }

    /// An official message with a field of KMIP 1.1 in a message of 1.0.
    const OF_OTHER_VERSION: [&str; 1] = ["TC-NP-2-12 1 req"];

    #[test]
    fn items_of_other_versions_are_remarked_upon() {
        // The header of 1.0 has no Client Correlation Value (1.4 §6.18).
        let later = DESTROY
            .replace("420078 01 00000090", "420078 01 000000a0")
            .replace("420077 01 00000038", "420077 01 00000048")
            .replace("42000d 02", "420105 07 00000002 61620000 00000000 42000d 02");
        let Verdict::OfOtherVersion(error) = verdict(&later) else {
            panic!("the field was not remarked upon")
        };
        assert!(error.to_string().contains("ClientCorrelationValue"), "{error}");
        // Nothing else is forgiven with it.
        assert!(matches!(verdict(&later.replace("61620000", "61620001")), Verdict::Refused(_)));
    }

    #[test]
    fn official_vectors() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/oasis/vectors");
        let Ok(entries) = fs::read_dir(&folder) else {
            eprintln!("skipped: there is no folder {}", folder.display());
            return;
        };
        let (mut exact, mut scratch) = (0, Vec::new());
        for entry in entries {
            let path = entry.expect("an entry").path();
            input::messages(&path, None, &mut |message| {
                let bytes = message.bytes.map_err(Failure::usage)?;
                match judge(&bytes, &mut scratch) {
                    Verdict::Exact => exact += 1,
                    Verdict::OfOtherVersion(_) if OF_OTHER_VERSION.contains(&message.label) => {}
                    other => {
                        let text = other.text();
                        panic!("{}:{}: {}: {text:?}", path.display(), message.place, message.label)
                    }
                }
                Ok(())
            })
            .expect("a readable file");
        }
        assert!(exact > 4000, "{exact}");
    }
}
