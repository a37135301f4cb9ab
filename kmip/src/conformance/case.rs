//! A test case: exchanges of messages in XML, as the profiles and the test-case documents publish them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    known::{Erratum, KNOWN, Side},
    node::{Content, Node},
};
use crate::{
    transcode::number,
    ttlv::{Limits, Tag, Text, Value, Version},
    types::{Operation, tables::operation_info, version},
    xml::{self, Messages},
};

/// A test case.
#[derive(Clone)]
pub struct Case {
    name: String,
    path: PathBuf,
    version: Version,
    pub(super) steps: Vec<Exchange>,
}

/// A request and the answer to it.
#[derive(Clone)]
pub(super) struct Exchange {
    /// Who asks, where a case has several clients: `A`, `B`.
    pub(super) client: Option<String>,
    pub(super) request: Node,
    pub(super) response: Node,
    /// Whether the server asks.
    pub(super) is_servers: bool,
}

/// Why a file is no test case.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", .path.display())]
pub struct NotACase {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl Case {
    /// Reads a case from a file, whose name is the case's.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or isn't one.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, NotACase> {
        let path = path.into();
        let fail = |path: &Path, reason: String| Err(NotACase { path: path.to_owned(), reason });
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return fail(&path, error.to_string()),
        };
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match Self::read(&name, &text) {
            Ok(case) => Ok(Self { path, ..case }),
            Err(reason) => fail(&path, reason),
        }
    }

    /// Reads a case of this name.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(name: &str, text: &str) -> Result<Self, String> {
        let is_servers = KNOWN.is_from_server(name);
        let (mut requests, mut responses) = (Vec::new(), Vec::new());
        let mut messages = Messages::of_case(text, Limits::DEFAULT);
        while let Some(message) = messages.next() {
            let message = message.map_err(|error| error.to_string())?;
            let xml::Beside { variables, comments } = messages.beside();
            let message = Node::of_message(&message, &variables).map_err(|error| error.to_string())?;
            match message.tag {
                Tag::RequestMessage => {
                    requests.push((comments.iter().rev().find_map(|text| client(text)), message))
                }
                Tag::ResponseMessage => responses.push(message),
                other => return Err(format!("{other} is neither a request nor a response")),
            }
        }
        if requests.len() != responses.len() || requests.is_empty() {
            return Err(format!("there are {} requests and {} responses", requests.len(), responses.len()));
        }
        // Where two requests stand before two responses, they are answered in their order.
        let mut steps: Vec<Exchange> = requests
            .into_iter()
            .zip(responses)
            .map(|((client, request), response)| {
                let is_servers =
                    is_servers || operations(&request).iter().any(|operation| is_servers_own(*operation));
                Exchange { client, request, response, is_servers }
            })
            .collect();
        KNOWN.errata(name).for_each(|erratum| mend(erratum, &mut steps));
        let version = version_of_name(name)
            .or_else(|| steps.first().and_then(|step| version_of(&step.request)))
            .ok_or("it is not said which version of KMIP it is of")?;
        Ok(Self { name: name.to_owned(), path: PathBuf::new(), version, steps })
    }

    /// The name: that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of KMIP that it is of.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How many requests it has.
    pub fn length(&self) -> usize {
        self.steps.len()
    }

    /// Whether the server has to be a client in it (Notify, Put).
    pub fn has_server_as_client(&self) -> bool {
        self.steps.iter().any(|step| step.is_servers)
    }

    /// Makes the names of its objects others than those of any other run, by putting this behind them.
    pub(super) fn rename_objects(&mut self, suffix: &str) {
        for step in &mut self.steps {
            for message in [&mut step.request, &mut step.response] {
                message.walk_mut(&mut |node| {
                    if node.tag == Tag::NameValue
                        && let Content::Value(Value::TextString(name)) = &mut node.content
                    {
                        *name = Text::from(format!("{name}{suffix}"));
                    }
                });
            }
        }
    }
}

/// The operations of a message.
pub(super) fn operations(message: &Node) -> Vec<Operation> {
    let operation = |item: &Node| item.child(Tag::Operation).and_then(Node::as_enumeration).map(Operation);
    message.all(Tag::BatchItem).filter_map(operation).collect()
}

/// Whether servers alone ask for it.
fn is_servers_own(operation: Operation) -> bool {
    operation_info(operation).is_some_and(|info| info.client_to_server.is_none())
}

/// The version that a message says it is in.
pub(super) fn version_of(message: &Node) -> Option<Version> {
    let header = message.children().first()?.child(Tag::ProtocolVersion)?;
    let number = |tag| match header.child(tag)?.value()? {
        Value::Integer(number) => u8::try_from(*number).ok(),
        _ => None,
    };
    Some(Version::new(number(Tag::ProtocolVersionMajor)?, number(Tag::ProtocolVersionMinor)?))
}

/// The version that ends the names of the official cases: `-14`.
fn version_of_name(name: &str) -> Option<Version> {
    let digits = name.rsplit_once('-')?.1;
    version::ALL.iter().copied().find(|version| digits == format!("{}{}", version.major(), version.minor()))
}

/// The client that a comment names.
fn client(comment: &str) -> Option<String> {
    let name = comment.trim().strip_prefix("client=")?;
    name.chars().next().map(String::from)
}

fn mend(erratum: &Erratum, steps: &mut [Exchange]) {
    for (number, step) in steps.iter_mut().enumerate() {
        if erratum.step.is_some_and(|step| step != number) {
            continue;
        }
        for (side, message) in [(Side::Request, &mut step.request), (Side::Response, &mut step.response)] {
            if erratum.only.is_none_or(|only| only == side) {
                mend_in(erratum, message, 0);
            }
        }
    }
}

/// Mends a value in an item, from this part of the path on.
fn mend_in(erratum: &Erratum, node: &mut Node, depth: usize) {
    if erratum.path.is_empty() || depth == erratum.path.len() {
        mend_value(erratum, node);
    }
    if let Content::Structure(items) = &mut node.content {
        for item in items {
            let fits = erratum.path.get(depth).is_none_or(|name| item.tag.to_string() == *name);
            if fits && (erratum.path.is_empty() || depth < erratum.path.len()) {
                mend_in(erratum, item, depth + usize::from(!erratum.path.is_empty()));
            }
        }
    }
}

fn mend_value(erratum: &Erratum, node: &mut Node) {
    use super::node::Variable;
    match &mut node.content {
        Content::Variable(_, Variable::Named(name)) if *name == erratum.from => name.clone_from(&erratum.to),
        Content::Value(Value::TextString(text)) if *text == *erratum.from.as_str() => {
            *text = Text::from(erratum.to.as_str());
        }
        Content::Value(Value::ByteString(bytes))
            if number::Hexadecimal(bytes).to_string() == erratum.from =>
        {
            if let Ok(mended) = number::bytes(&erratum.to) {
                *bytes = mended.to_vec().into();
            }
        }
        _ => {}
    }
}
