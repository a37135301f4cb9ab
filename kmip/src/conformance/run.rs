//! Playing cases on a server.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use openssl::rand::rand_bytes;

use super::{
    case::{Case, Exchange, operations},
    known::KNOWN,
    matching::{self, Manner},
    memory::{Memory, Object},
    node::Node,
    outcome::{Outcome, Played, Verdict},
};
use crate::{
    client::{Address, Encoding, Error, Identity, Options, Transport, blocking::Client},
    transcode::number::Hexadecimal,
    ttlv::{self, Bytes, Limits, Mode, Readable, Tag, Tree, Value, Version},
    types::{
        AttributeSet, AttributeValue, CryptographicAlgorithm, CryptographicUsageMask, Operation,
        ResultStatus, RevocationReason, RevocationReasonCode, tables::NAMES,
    },
};

/// How long a Poll is asked again while the operation goes on.
const POLLING: Duration = Duration::from_secs(10);

/// The server that cases are played on, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Target {
    /// How to reach it.
    pub options: Options,
    /// Who the further clients of a case are (`B`, `C`); without one, they are the first.
    pub second: Option<Identity>,
    /// How messages are written, other than in binary over TLS: over HTTPS.
    pub encoding: Option<Encoding>,
    /// Where it listens for HTTPS.
    pub https: Option<Address>,
    /// By how many seconds times may differ: 30 at first.
    pub tolerance: i64,
    /// Whether the times that cases wait are as long as in their files.
    pub full_time: bool,
    /// Whether what is secret in messages is shown.
    pub show_secrets: bool,
}

impl Target {
    /// A server that is reached so.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            second: None,
            encoding: None,
            https: None,
            tolerance: 30,
            full_time: false,
            show_secrets: false,
        }
    }
}

/// Makes a server empty before a case; it may be another then, at another address.
pub type Restart = Box<dyn FnMut(&mut Target) -> Result<(), String> + Send>;

/// Plays cases on a server, one after the other.
pub struct Runner {
    target: Target,
    restart: Option<Restart>,
}

impl Runner {
    /// A runner for a server that stays: names are made unique, and what cases leave is destroyed.
    pub fn new(target: Target) -> Self {
        Self { target, restart: None }
    }

    /// A runner for a server that is made empty before each case.
    pub fn restarting(target: Target, restart: Restart) -> Self {
        Self { target, restart: Some(restart) }
    }

    /// The server.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Plays a case; `find` gives the other cases that it needs, by their names.
    pub fn play(&mut self, case: &Case, find: &dyn Fn(&str) -> Option<Case>) -> Outcome {
        let start = Instant::now();
        let mut outcome = Outcome::new(case);
        if let Err(stop) = self.play_all(case, find, &mut outcome) {
            match stop {
                Stop::Skip(reason) => (outcome.verdict, outcome.reason) = (Verdict::Skip, Some(reason)),
                Stop::Error(reason) => (outcome.verdict, outcome.reason) = (Verdict::Error, Some(reason)),
            }
        }
        outcome.seconds = start.elapsed().as_secs_f64();
        outcome
    }

    fn play_all(
        &mut self,
        case: &Case,
        find: &dyn Fn(&str) -> Option<Case>,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        let encoding = KNOWN.encoding(case.name()).or(self.target.encoding);
        if case.has_server_as_client() {
            return Err(Stop::Skip(
                "the server is to be a client in it, and nothing listens here".to_owned(),
            ));
        }
        let mut suffix = None;
        match &mut self.restart {
            Some(restart) => restart(&mut self.target).map_err(Stop::Error)?,
            None => suffix = Some(unique()?),
        }
        // A new server may have another port.
        if encoding.is_some() && self.target.https.is_none() {
            return Err(Stop::Skip("it needs HTTPS, and no port is given for that".to_owned()));
        }
        let mut play = Play {
            target: &self.target,
            encoding,
            clients: Vec::new(),
            memory: Memory::default(),
            manner: Manner { tolerance: self.target.tolerance, lists_vary: false },
        };
        let done = play.run(case, find, suffix.as_deref(), outcome);
        if suffix.is_some() {
            play.destroy_all(case.version());
        }
        done
    }
}

/// Why a case isn't played to its end.
enum Stop {
    Skip(String),
    Error(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error.to_string())
    }
}

/// What is put behind names.
fn unique() -> Result<String, Stop> {
    let mut bytes = [0; 4];
    rand_bytes(&mut bytes).map_err(|error| Stop::Error(error.to_string()))?;
    Ok(format!("-{}", Hexadecimal(&bytes)))
}

/// A case that is being played.
struct Play<'a> {
    target: &'a Target,
    encoding: Option<Encoding>,
    /// The clients that are connected, by who they are.
    clients: Vec<(bool, Client)>,
    memory: Memory,
    manner: Manner,
}

impl Play<'_> {
    fn run(
        &mut self,
        case: &Case,
        find: &dyn Fn(&str) -> Option<Case>,
        suffix: Option<&str>,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        if KNOWN.needs_default_group(case.name()) {
            self.fill_default_group(case.version())?;
        }
        let names = KNOWN.first(case.name());
        if let Some(first) = names.iter().find_map(|name| find(name)) {
            let mut before = Outcome::new(&first);
            self.steps(&first, suffix, &mut before)?;
            if let Some(difference) = before.difference {
                outcome.remarks.push(format!("{}, which goes first, fails: {difference}", first.name()));
            }
            self.memory = std::mem::take(&mut self.memory).for_next();
        } else if let Some(name) = names.first() {
            outcome.remarks.push(format!("{name}, which goes first, is not there"));
        }
        let last = self.steps(case, suffix, outcome)?;
        if outcome.difference.is_none() {
            outcome.verdict = Verdict::Pass;
            return Ok(());
        }
        outcome.verdict = Verdict::Fail;
        if let Some((number, request, answer, before)) = last {
            for name in KNOWN.alternatives(case.name()) {
                let Some(other) = find(&name) else { continue };
                let Some(step) = other.steps.get(number) else { continue };
                let mut memory = before.clone();
                if matching::answer(&mut memory, self.manner, step, &request, &answer, &mut Vec::new())
                    .is_empty()
                {
                    outcome.verdict = Verdict::Alternative;
                    outcome.remarks.push(format!("it behaves as {name} shows"));
                }
            }
        }
        Ok(())
    }

    /// Plays the exchanges of a case up to the first difference; gives back where that is.
    fn steps(
        &mut self,
        case: &Case,
        suffix: Option<&str>,
        outcome: &mut Outcome,
    ) -> Result<Option<Last>, Stop> {
        let mut renamed = None;
        if let Some(suffix) = suffix {
            let mut copy = case.clone();
            copy.rename_objects(suffix);
            renamed = Some(copy);
        }
        let case = renamed.as_ref().unwrap_or(case);
        self.manner.lists_vary = KNOWN.lists_vary(case.name());
        let wait = KNOWN.wait(case.name());
        self.memory.short = wait.filter(|_| !self.target.full_time).map(|wait| (wait.seconds, wait.short));
        for (number, step) in case.steps.iter().enumerate() {
            if let Some(wait) = wait.filter(|wait| wait.step == number) {
                let seconds = if self.target.full_time { wait.seconds } else { wait.short };
                thread::sleep(Duration::from_secs(seconds.unsigned_abs() + 1));
            }
            let item = self.memory.request(&step.request).map_err(Stop::Error)?;
            let bytes = ttlv::encode(&item, item.tag, Version::new(u8::MAX, u8::MAX));
            let bytes = Bytes::from(bytes.map_err(|error| Stop::Error(error.to_string()))?);
            let request = Node::of_message(&bytes, &[]).map_err(|error| Stop::Error(error.to_string()))?;
            outcome.steps.push(self.played(step, &bytes));
            let answer = self.answer(step, &bytes)?;
            let text = self.readable(&answer);
            if let Some(played) = outcome.steps.last_mut() {
                played.answer = Some(text);
            }
            let before = self.memory.clone();
            let answer = Node::of_message(&answer, &[])
                .map_err(|error| Stop::Error(format!("the answer can't be read: {error}")))?;
            let remarks = &mut outcome.remarks;
            let found = matching::answer(&mut self.memory, self.manner, step, &request, &answer, remarks);
            outcome.more = found.len().saturating_sub(1);
            if let Some(difference) = found.into_iter().next() {
                outcome.difference = Some(difference);
                return Ok(Some((number, request, answer, before)));
            }
            outcome.right += 1;
        }
        Ok(None)
    }

    /// Sends a request; a Poll again while the operation goes on, if the case expects its end.
    fn answer(&mut self, step: &Exchange, request: &Bytes) -> Result<Bytes, Stop> {
        let end = Instant::now() + POLLING;
        let is_poll = operations(&step.request) == [Operation::Poll];
        let status = |message: &Node| {
            message.at(&[Tag::BatchItem, Tag::ResultStatus]).and_then(Node::as_enumeration).map(ResultStatus)
        };
        let waits = is_poll && status(&step.response) != Some(ResultStatus::OperationPending);
        loop {
            let client = self.client(step.client.as_deref())?;
            let answer = client.exchange(request)?;
            let is_pending = waits
                && Node::of_message(&answer, &[])
                    .is_ok_and(|answer| status(&answer) == Some(ResultStatus::OperationPending));
            if !is_pending || Instant::now() > end {
                return Ok(answer);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The client of this name, connected.
    fn client(&mut self, name: Option<&str>) -> Result<&mut Client, Stop> {
        let is_second = self.target.second.is_some() && name.is_some_and(|name| name != "A");
        let place = match self.clients.iter().position(|(known, _)| *known == is_second) {
            Some(place) => place,
            None => {
                let mut options = self.target.options.clone();
                if is_second {
                    options.identity.clone_from(&self.target.second);
                }
                if let (Some(encoding), Some(https)) = (self.encoding, &self.target.https) {
                    options.servers = vec![https.clone()];
                    options.transport = Transport::https(encoding);
                }
                self.clients.push((is_second, Client::connect(options)?));
                self.clients.len() - 1
            }
        };
        let client = self.clients.get_mut(place).map(|(_, client)| client);
        client.ok_or_else(|| Stop::Error("there is no client".to_owned()))
    }

    /// Makes a key in the group "default".
    fn fill_default_group(&mut self, version: Version) -> Result<(), Stop> {
        let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
        let mut attributes = AttributeSet::new().with_usage(usage);
        attributes.set(AttributeValue::ObjectGroup("default".into()));
        let client = self.client(None)?;
        let identifier = client.at(version).create(CryptographicAlgorithm::AES, 256, attributes)?;
        let algorithm = Some(CryptographicAlgorithm::AES.0);
        let object = Object { is_servers: true, algorithm, ..Object::default() };
        self.memory.objects.insert(identifier.to_string(), object);
        Ok(())
    }

    /// Destroys what the case made and left; what can't be is left.
    fn destroy_all(&mut self, version: Version) {
        let objects = std::mem::take(&mut self.memory.objects);
        for (identifier, object) in objects.iter().filter(|(_, object)| !object.is_destroyed) {
            let Ok(client) = self.client(object.client.as_deref()) else { return };
            let reason = RevocationReason::new(RevocationReasonCode::Unspecified);
            // An object that was never active can be destroyed without.
            let _ = client.at(version).revoke(identifier.as_str(), reason, None);
            let _ = client.at(version).destroy(identifier.as_str());
        }
    }

    fn readable(&self, message: &Bytes) -> String {
        match Tree::parse(message, Mode::Lenient, Limits::DEFAULT) {
            Ok(tree) if self.target.show_secrets => Readable::new(&tree, &NAMES).with_secrets().to_string(),
            Ok(tree) => Readable::new(&tree, &NAMES).to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// A step of which nothing is known but what is asked and expected.
    fn played(&self, step: &Exchange, request: &Bytes) -> Played {
        let expected = &step.response;
        let mut variables = Vec::new();
        expected.walk(&mut |node| {
            variables.extend(node.variable().map(|variable| (node.line, variable.to_string())))
        });
        let item = expected.to_item(&mut |node| Ok::<Value, ()>(node.stand_in()));
        let bytes =
            item.ok().and_then(|item| ttlv::encode(&item, item.tag, Version::new(u8::MAX, u8::MAX)).ok());
        let mut text = bytes.map(|bytes| self.readable(&bytes.into())).unwrap_or_default();
        if !variables.is_empty() {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            for (number, name) in variables {
                if let Some(line) = lines.get_mut(number) {
                    // The tag and the type; what stands behind them stands there for the variable.
                    let indent = line.len() - line.trim_start().len();
                    let head: Vec<&str> = line.split_whitespace().take(2).collect();
                    *line = format!("{:indent$}{} {name}", "", head.join(" "));
                }
            }
            text = lines.join("\n") + "\n";
        }
        let operations: Vec<String> = operations(&step.request).iter().map(ToString::to_string).collect();
        Played {
            client: step.client.clone(),
            operations: operations.join(", "),
            request: self.readable(request),
            expected: text,
            answer: None,
        }
    }
}

/// The step at which a case went another way: its number, the request, the answer, and what was known before.
type Last = (usize, Node, Node, Memory);

/// Where files of cases are: those of folders, with what is in them.
///
/// # Errors
///
/// When a folder can't be read.
pub fn files(places: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for place in places {
        if !place.is_dir() {
            files.push(place.clone());
            continue;
        }
        let entries: std::io::Result<Vec<PathBuf>> =
            std::fs::read_dir(place)?.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut entries = entries?;
        entries.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "xml"));
        entries.sort();
        files.extend(self::files(&entries)?);
    }
    Ok(files)
}
