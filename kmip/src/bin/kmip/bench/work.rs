//! What a measurement asks of the server: which operations, in which proportion, on which objects.

use std::{
    fmt,
    io::{IsTerminal, stderr},
    str::FromStr,
};

use indicatif::ProgressBar;
use kmip::{
    client::{
        Batch, Ciphertext, Client, Result as Answer, blocking,
        calls::{self, KeyPairAttributes},
    },
    ttlv::{Bytes, Secret},
    types::{
        AttributeSet, AttributeValue, BatchErrorContinuationOption, BlockCipherMode, CryptographicAlgorithm,
        CryptographicParameters, CryptographicUsageMask, HashingAlgorithm, PaddingMethod, QueryFunction,
        RevocationReason, RevocationReasonCode,
    },
};

use super::super::failure::Result;

/// An operation that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Get,
    GetAttributes,
    Encrypt,
    Decrypt,
    Create,
    Locate,
    Query,
    DiscoverVersions,
    CreateKeyPair,
    Sign,
}

const TASKS: [(Task, &str); 10] = [
    (Task::Get, "get"),
    (Task::GetAttributes, "get-attributes"),
    (Task::Encrypt, "encrypt"),
    (Task::Decrypt, "decrypt"),
    (Task::Create, "create"),
    (Task::Locate, "locate"),
    (Task::Query, "query"),
    (Task::DiscoverVersions, "discover-versions"),
    (Task::CreateKeyPair, "create-key-pair"),
    (Task::Sign, "sign"),
];

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = TASKS.iter().find(|(task, _)| task == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

/// Which operations are asked for, and how often each, beside the others.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    shares: Vec<(Task, u32)>,
    sum: u32,
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mix = Self { shares: Vec::new(), sum: 0 };
        for part in text.split(',') {
            let (name, share) = part.split_once('=').unwrap_or((part, "1"));
            let known = TASKS.iter().find(|(_, known)| *known == name.trim());
            let Some((task, _)) = known else {
                let all: Vec<&str> = TASKS.iter().map(|(_, name)| *name).collect();
                return Err(format!("{name:?} can't be measured; what can is {}", all.join(", ")));
            };
            let share = share.trim().parse().ok().filter(|share| (1..=1_000_000).contains(share));
            let share = share.ok_or_else(|| format!("the share of {name} is a number from 1 to 1000000"))?;
            if mix.has(*task) {
                return Err(format!("{name} is there twice"));
            }
            mix.shares.push((*task, share));
            mix.sum += share;
        }
        Ok(mix)
    }
}

impl Mix {
    /// The operations.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task> {
        self.shares.iter().map(|(task, _)| *task)
    }

    /// The place of the operation that is next, which is random.
    pub(super) fn next(&self, random: &mut fastrand::Rng) -> usize {
        let mut left = random.u32(..self.sum);
        for (place, (_, share)) in self.shares.iter().enumerate() {
            match left.checked_sub(*share) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    fn has(&self, task: Task) -> bool {
        self.tasks().any(|other| other == task)
    }
}

/// An object that was made for a measurement.
pub(super) struct Made {
    id: String,
    is_active: bool,
}

/// The objects that the operations are done with.
pub(super) struct Prepared {
    /// What the names of the keys begin with.
    prefix: String,
    /// Keys with names.
    keys: Vec<String>,
    /// A key that encrypts.
    cipher: Option<String>,
    ciphertext: Ciphertext,
    /// A key pair that signs: the private and the public one.
    signer: Option<(String, String)>,
    data: Secret,
}

/// The object group of all that is made.
const GROUP: &str = "kmip-bench";

/// How many operations go in one message where many objects are made or destroyed.
const BATCH: usize = 100;

impl Prepared {
    /// Makes what the operations need.
    pub(super) fn make(client: &mut blocking::Client, mix: &Mix, objects: u32, size: usize) -> Result<Self> {
        let mut prepared = Self {
            prefix: format!("{GROUP}-{:016x}", fastrand::u64(..)),
            keys: Vec::new(),
            cipher: None,
            ciphertext: Ciphertext::default(),
            signer: None,
            data: Secret::from(vec![b'k'; size]),
        };
        if [Task::Get, Task::GetAttributes, Task::Locate].into_iter().any(|task| mix.has(task)) {
            prepared.make_keys(client, objects as usize)?;
        }
        if [Task::Encrypt, Task::Decrypt].into_iter().any(|task| mix.has(task)) {
            let id = client.create(CryptographicAlgorithm::AES, 256, attributes(cipher_usage()))?;
            client.activate(&id)?;
            let encrypted = client.encrypt(&id, cipher(), prepared.data.clone(), Some(IV), None)?;
            prepared.ciphertext = Ciphertext { iv: Some(IV), ..encrypted };
            prepared.cipher = Some(id.to_string());
        }
        if mix.has(Task::Sign) {
            let pair = client.create_key_pair(CryptographicAlgorithm::RSA, 2048, pair_attributes())?;
            client.activate(&pair.private)?;
            prepared.signer = Some((pair.private.to_string(), pair.public.to_string()));
        }
        Ok(prepared)
    }

    fn make_keys(&mut self, client: &mut blocking::Client, count: usize) -> Result<()> {
        let bar = bar("making keys", count);
        while self.keys.len() < count {
            let mut batch = Batch::new();
            let first = self.keys.len();
            let places: Vec<_> = (first..count.min(first + BATCH))
                .map(|number| {
                    let attributes = attributes(cipher_usage()).with_name(self.name(number));
                    batch.call(calls::create(CryptographicAlgorithm::AES, 256, attributes))
                })
                .collect();
            let mut answers = client.batch(batch)?;
            for place in places {
                self.keys.push(answers.take(place)?.to_string());
            }
            bar.set_position(self.keys.len() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }

    fn name(&self, number: usize) -> String {
        format!("{}-{number}", self.prefix)
    }

    /// Does an operation once; what it made goes to `made`.
    pub(super) async fn perform(
        &self,
        task: Task,
        client: &mut Client,
        random: &mut fastrand::Rng,
        made: &mut Vec<Made>,
    ) -> Answer<()> {
        let number = random.usize(..self.keys.len().max(1));
        let key = self.keys.get(number).map_or("", String::as_str);
        let cipher_key = self.cipher.as_deref().unwrap_or_default();
        match task {
            Task::Get => client.get(key).await.map(drop),
            Task::GetAttributes => client.get_attributes(key, &[]).await.map(drop),
            Task::Encrypt => {
                client.encrypt(cipher_key, cipher(), self.data.clone(), Some(IV), None).await.map(drop)
            }
            Task::Decrypt => {
                client.decrypt(cipher_key, cipher(), self.ciphertext.clone(), None).await.map(drop)
            }
            Task::Create => {
                let id = client.create(CryptographicAlgorithm::AES, 256, attributes(cipher_usage())).await?;
                made.push(Made::inactive(id.to_string()));
                Ok(())
            }
            Task::Locate => client.locate(AttributeSet::new().with_name(self.name(number))).await.map(drop),
            Task::Query => client.query(&[QueryFunction::QueryOperations]).await.map(drop),
            Task::DiscoverVersions => client.discover_versions(&[]).await.map(drop),
            Task::CreateKeyPair => {
                let pair =
                    client.create_key_pair(CryptographicAlgorithm::RSA, 4096, pair_attributes()).await?;
                made.extend([pair.private, pair.public].map(|id| Made::inactive(id.to_string())));
                Ok(())
            }
            Task::Sign => {
                let (private, _) = self.signer.as_ref().map_or(("", ""), |(one, two)| (one, two));
                client.sign(private, signature(), self.data.clone()).await.map(drop)
            }
        }
    }

    /// All that was made.
    pub(super) fn objects(&self) -> Vec<Made> {
        let signer = self.signer.as_ref();
        let active = self.cipher.iter().chain(signer.map(|(private, _)| private));
        let inactive = self.keys.iter().chain(signer.map(|(_, public)| public));
        let active = active.map(|id| Made { id: id.clone(), is_active: true });
        active.chain(inactive.map(|id| Made::inactive(id.clone()))).collect()
    }
}

impl Made {
    fn inactive(id: String) -> Self {
        Self { id, is_active: false }
    }
}

/// Destroys what was made; first takes out of use what is in use.
pub(super) fn destroy(client: &mut blocking::Client, objects: &[Made]) -> Result<()> {
    let bar = bar("destroying keys", objects.len());
    for some in objects.chunks(BATCH) {
        let mut batch = Batch::new();
        batch.on_error = Some(BatchErrorContinuationOption::Continue);
        let mut places = Vec::new();
        for object in some {
            if object.is_active {
                let reason = RevocationReason::new(RevocationReasonCode::CessationOfOperation);
                places.push(batch.call(calls::revoke(object.id.as_str(), reason, None)));
            }
            places.push(batch.call(calls::destroy(object.id.as_str())));
        }
        let mut answers = client.batch(batch)?;
        for place in places {
            answers.take(place)?;
        }
        bar.inc(some.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Something to watch where there is much to do.
fn bar(what: &'static str, count: usize) -> ProgressBar {
    if count > 20 * BATCH && stderr().is_terminal() {
        ProgressBar::new(count as u64)
            .with_message(what)
            .with_style(super::style("{msg} {wide_bar} {pos}/{len}"))
    } else {
        ProgressBar::hidden()
    }
}

fn attributes(usage: CryptographicUsageMask) -> AttributeSet {
    AttributeSet::new().with(AttributeValue::ObjectGroup(GROUP.into())).with_usage(usage)
}

fn cipher_usage() -> CryptographicUsageMask {
    CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt
}

fn pair_attributes() -> KeyPairAttributes {
    KeyPairAttributes {
        common: AttributeSet::new().with(AttributeValue::ObjectGroup(GROUP.into())),
        public: AttributeSet::new().with_usage(CryptographicUsageMask::Verify),
        private: AttributeSet::new().with_usage(CryptographicUsageMask::Sign),
    }
}

/// AES in CBC mode, which every server has.
fn cipher() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        ..CryptographicParameters::new()
    }
}

const IV: Bytes = Bytes::from_static(&[7; 16]);

fn signature() -> CryptographicParameters {
    CryptographicParameters {
        padding_method: Some(PaddingMethod::PKCS1V1_5),
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        ..CryptographicParameters::new()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails there says where")]
mod tests {
    use super::*;

    #[test]
    fn mixes_are_read_and_drawn_from() {
        let mix: Mix = "get=3, create".replace(' ', "").parse().unwrap();
        assert_eq!(mix.tasks().collect::<Vec<_>>(), [Task::Get, Task::Create]);
        let mut random = fastrand::Rng::with_seed(1);
        let creates = (0..4000).map(|_| mix.next(&mut random)).filter(|place| *place == 1).count();
        assert!((800..1200).contains(&creates), "{creates}");
        for (wrong, reason) in [
            ("fly", "can't be measured"),
            ("get=0", "share"),
            ("get=x", "share"),
            ("get,get", "twice"),
            ("", "can't"),
        ] {
            assert!(wrong.parse::<Mix>().unwrap_err().contains(reason), "{wrong}");
        }
    }
}
