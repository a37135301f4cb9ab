//! A client that writes until its server is gone, and compares afterwards.

use std::collections::BTreeSet;

use fastrand::Rng;
use kmip::client::blocking::Client;
use kmip::client::objects::SymmetricKey;
use kmip::client::{Batch, Error, Id, Options, Result, calls};
use kmip::ttlv::{Tag, Text};
use kmip::types::{
    AttributeSet, AttributeValue, BatchErrorContinuationOption, CryptographicAlgorithm,
    CryptographicUsageMask, State,
};

use crate::model::{Doubt, Tally, Thing};

pub(crate) struct Writer {
    number: usize,
    random: Rng,
    /// How many names it has given.
    named: u32,
    things: Vec<Thing>,
    /// Those that were touched since they were compared last.
    touched: BTreeSet<usize>,
    doubt: Option<Doubt>,
    acknowledged: u64,
}

impl Writer {
    pub(crate) fn new(number: usize, seed: u64) -> Self {
        let random = Rng::with_seed(seed);
        let (things, touched) = (Vec::new(), BTreeSet::new());
        Self { number, random, named: 0, things, touched, doubt: None, acknowledged: 0 }
    }

    /// The identifiers of all that is not destroyed.
    pub(crate) fn living(&self) -> impl Iterator<Item = String> + '_ {
        self.things.iter().filter(|thing| thing.state != State::Destroyed).map(|thing| thing.id.to_string())
    }

    /// Writes until the server is gone.
    pub(crate) fn run(mut self, options: Options) -> Self {
        let mut client = match Client::connect(options) {
            Ok(client) => client,
            // It was killed before that.
            Err(_) => return self,
        };
        loop {
            match self.step(&mut client) {
                Ok(()) => {
                    self.doubt = None;
                    self.acknowledged += 1;
                }
                Err(refused @ Error::Refused { .. }) => panic!("{refused}, of {:?}", self.doubt),
                Err(_) => return self,
            }
        }
    }

    fn step(&mut self, client: &mut Client) -> Result<()> {
        let living: Vec<usize> = self.in_state(&[State::PreActive, State::Active]);
        if living.len() < 4 {
            return self.create(client);
        }
        match self.random.u8(0..8) {
            0 if living.len() < 16 => self.create(client),
            1 if living.len() < 16 => self.register(client),
            2 if living.len() < 16 => self.create_two(client),
            3 => self.undone(client),
            4 => self.move_one(client, State::PreActive, State::Active),
            5 => self.move_one(client, State::PreActive, State::Destroyed),
            _ => self.note(client, &living),
        }
    }

    fn create(&mut self, client: &mut Client) -> Result<()> {
        let (names, note) = self.doubt_made(1, None);
        let id = client.create(AES, 256, wanted(&names[0], &note))?;
        self.made([id], &note, None);
        Ok(())
    }

    fn register(&mut self, client: &mut Client) -> Result<()> {
        let key: Vec<u8> = (0..32).map(|_| self.random.u8(..)).collect();
        let (names, note) = self.doubt_made(1, Some(&key));
        let object = SymmetricKey::new(AES, key.clone()).named(&*names[0]).usage(USAGE);
        let id = client.register(object.with(AttributeValue::ContactInformation(note.as_str().into())))?;
        self.made([id], &note, Some(key));
        Ok(())
    }

    /// Both or neither, in one message.
    fn create_two(&mut self, client: &mut Client) -> Result<()> {
        let (names, note) = self.doubt_made(2, None);
        let mut batch = Batch::new();
        batch.on_error = Some(BatchErrorContinuationOption::Undo);
        let places: Vec<_> =
            names.iter().map(|name| batch.call(calls::create(AES, 256, wanted(name, &note)))).collect();
        let mut answers = client.batch(batch)?;
        let ids = places.into_iter().map(|place| answers.take(place)).collect::<Result<Vec<_>>>()?;
        self.made(ids, &note, None);
        Ok(())
    }

    /// The last item fails, so that nothing of it may stay.
    fn undone(&mut self, client: &mut Client) -> Result<()> {
        let names = vec![self.name(), self.name()];
        self.doubt = Some(Doubt::Undone { names: names.clone() });
        let mut batch = Batch::new();
        batch.on_error = Some(BatchErrorContinuationOption::Undo);
        for name in &names {
            let _ = batch.call(calls::create(AES, 256, wanted(name, "")));
        }
        let failing = batch.call(calls::get("no such object"));
        let mut answers = client.batch(batch)?;
        match answers.take(failing) {
            Err(Error::Refused { .. }) => Ok(()),
            other => panic!("{other:?}"),
        }
    }

    /// Gives two objects the same new note, in one message.
    fn note(&mut self, client: &mut Client, living: &[usize]) -> Result<()> {
        let first = self.random.usize(0..living.len());
        let second = (first + self.random.usize(1..living.len())) % living.len();
        let (which, note) = ([living[first], living[second]], self.name());
        self.doubt = Some(Doubt::Noted { which, note: note.clone() });
        let mut batch = Batch::new();
        batch.on_error = Some(BatchErrorContinuationOption::Undo);
        let new = || AttributeValue::ContactInformation(note.as_str().into());
        let places =
            which.map(|place| batch.call(calls::modify_attribute(&self.things[place].id, new(), None)));
        let mut answers = client.batch(batch)?;
        for place in places {
            answers.take(place)?;
        }
        for place in which {
            self.things[place].note.clone_from(&note);
            self.touched.insert(place);
        }
        Ok(())
    }

    fn move_one(&mut self, client: &mut Client, from: State, state: State) -> Result<()> {
        let there = self.in_state(&[from]);
        let Some(which) = self.random.choice(there) else { return self.create(client) };
        self.doubt = Some(Doubt::Moved { which, state });
        let id = &self.things[which].id;
        if state == State::Active {
            client.activate(id)?
        } else {
            client.destroy(id)?
        }
        self.things[which].state = state;
        self.touched.insert(which);
        Ok(())
    }

    fn in_state(&self, states: &[State]) -> Vec<usize> {
        let things = self.things.iter().enumerate();
        things.filter(|(_, thing)| states.contains(&thing.state)).map(|(place, _)| place).collect()
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("{}-{}", self.number, self.named)
    }

    fn doubt_made(&mut self, count: usize, key: Option<&Vec<u8>>) -> (Vec<String>, String) {
        let names: Vec<String> = (0..count).map(|_| self.name()).collect();
        let note = self.name();
        self.doubt = Some(Doubt::Made { names: names.clone(), note: note.clone(), key: key.cloned() });
        (names, note)
    }

    fn made(&mut self, ids: impl IntoIterator<Item = Text>, note: &str, key: Option<Vec<u8>>) {
        for id in ids {
            self.touched.insert(self.things.len());
            self.things.push(Thing { id, state: State::PreActive, note: note.to_owned(), key: key.clone() });
        }
    }

    /// Compares everything that was touched with what the server has.
    pub(crate) fn compare(&mut self, client: &mut Client, tally: &mut Tally) {
        tally.acknowledged += std::mem::take(&mut self.acknowledged);
        match self.resolve(client) {
            Some(true) => tally.done += 1,
            Some(false) => tally.not_done += 1,
            None => {}
        }
        for place in std::mem::take(&mut self.touched) {
            let thing = &self.things[place];
            assert_eq!(seen(client, &thing.id), (thing.state, thing.note.clone()), "{thing:?}");
            match client.get(&thing.id) {
                Ok(object) => {
                    assert_ne!(thing.state, State::Destroyed);
                    let found = object.bytes().unwrap();
                    assert!(thing.key.as_ref().is_none_or(|key| key == found), "{thing:?}");
                    assert_eq!(found.len(), 32);
                }
                Err(refused @ Error::Refused { .. }) => {
                    assert_eq!(thing.state, State::Destroyed, "{refused}");
                }
                Err(error) => panic!("{error}"),
            }
            tally.compared += 1;
        }
    }

    /// Finds out whether that which was not answered was done.
    fn resolve(&mut self, client: &mut Client) -> Option<bool> {
        let doubt = self.doubt.take()?;
        let done = match doubt.clone() {
            Doubt::Made { names, note, key } => {
                let found: Vec<Text> = names.iter().flat_map(|name| named(client, name)).collect();
                assert!(found.is_empty() || found.len() == names.len(), "half of {doubt:?}: {found:?}");
                let done = !found.is_empty();
                self.made(found, &note, key);
                done
            }
            Doubt::Noted { which, note } => {
                let [first, second] = which.map(|place| seen(client, &self.things[place].id).1 == note);
                assert_eq!(first, second, "half of {doubt:?}");
                for place in which.into_iter().filter(|_| first) {
                    self.things[place].note.clone_from(&note);
                }
                self.touched.extend(which);
                first
            }
            Doubt::Moved { which, state } => {
                let done = seen(client, &self.things[which].id).0 == state;
                if done {
                    self.things[which].state = state;
                }
                self.touched.insert(which);
                done
            }
            Doubt::Undone { names } => {
                for name in &names {
                    assert_eq!(named(client, name), Vec::<Text>::new(), "{doubt:?}");
                }
                false
            }
        };
        Some(done)
    }
}

fn wanted(name: &str, note: &str) -> AttributeSet {
    let mut wanted = AttributeSet::new().with_name(name).with_usage(USAGE);
    if !note.is_empty() {
        wanted.add(AttributeValue::ContactInformation(note.into()));
    }
    wanted
}

fn named(client: &mut Client, name: &str) -> Vec<Text> {
    client.locate(AttributeSet::new().with_name(name)).unwrap().ids
}

/// State and note of an object.
fn seen(client: &mut Client, id: &Text) -> (State, String) {
    let attributes = client.get_attributes(Id::from(id), &[]).unwrap();
    match (attributes.get(Tag::State), attributes.get(Tag::ContactInformation)) {
        (Some(AttributeValue::State(state)), Some(AttributeValue::ContactInformation(note))) => {
            (*state, note.to_string())
        }
        other => panic!("{id}: {other:?}"),
    }
}

const AES: CryptographicAlgorithm = CryptographicAlgorithm::AES;
const USAGE: CryptographicUsageMask = CryptographicUsageMask::Encrypt.union(CryptographicUsageMask::Decrypt);
