//! Operations on data: all of it at once, or in parts (KMIP 1.4 §4, 2.0 §6.1), with a key or without.

use kmip::ttlv::{Bytes, Secret, Tag, Text};
use kmip::types::{
    AttributeValue, CryptographicUsageMask, Data, Operation, UniqueIdentifier, UsageLimits, UsageLimitsUnit,
};

use crate::engine::{Context, End, Failure, Kind, Managed, Stream, Use, Work, check_use, usage_mask};
use crate::wipe::Wiped;

/// What a request says of its part in an operation, and what it brings.
pub(super) struct Part {
    /// Whose operation it continues.
    pub(super) correlation: Option<Bytes>,
    /// Whether it is the first.
    pub(super) init: Option<bool>,
    /// Whether it is the last.
    pub(super) last: Option<bool>,
    /// The data.
    pub(super) data: Option<Data>,
    /// What the result is to be compared with.
    pub(super) expected: Option<Bytes>,
}

/// How a key is used.
#[derive(Clone, Copy)]
pub(super) struct KeyUse {
    pub(super) purpose: Use,
    /// Any one of these bits of its Cryptographic Usage Mask is enough.
    pub(super) bits: CryptographicUsageMask,
}

/// What a part gave.
pub(super) struct Given {
    /// The key that it was done with.
    pub(super) identifier: Option<Text>,
    /// What came out.
    pub(super) data: Wiped,
    /// How the operation ended, if it did.
    pub(super) end: Option<End>,
    /// Under what it goes on, if it does.
    pub(super) correlation: Option<Bytes>,
    /// Whether it was all of the operation.
    pub(super) whole: bool,
}

impl Given {
    /// What came out, as the response has it: for all of an operation always, for a part of it if it gave something.
    pub(super) fn take_data(&mut self) -> Option<Secret> {
        let data = std::mem::take(&mut self.data);
        (self.whole || !data.is_empty()).then(|| Secret::from_shared(data.into()))
    }

    /// The key, as the response has it.
    pub(super) fn key(&mut self) -> UniqueIdentifier {
        UniqueIdentifier::TextString(self.identifier.take().unwrap_or_default())
    }
}

/// Does a part of an operation with a key, or all of it; `open` sets it up.
pub(super) fn with_key(
    cx: &mut Context<'_>,
    key_use: KeyUse,
    identifier: Option<UniqueIdentifier>,
    part: Part,
    open: impl FnOnce(&mut Context<'_>, &Managed) -> Result<Box<dyn Work>, Failure>,
) -> Result<Given, Failure> {
    let step = Step::of(&part)?;
    let operation = cx.operation();
    let (key, stream) = match &part.correlation {
        None => {
            let identifier = cx.target(identifier)?;
            let key = cx.object_with_material(&identifier, operation)?;
            key.check_available()?;
            check_key(cx, &key, key_use)?;
            let work = open(cx, &key)?;
            (key, Stream { object: Some(identifier), work })
        }
        Some(correlation) => {
            let stream = cx.take_stream(correlation)?;
            let object = stream.object.clone().unwrap_or_default();
            if identifier.is_some() && cx.target(identifier)? != object {
                return Err(Failure::new(
                    Kind::InvalidField,
                    "the operation under this Correlation Value is done with another key",
                ));
            }
            // What was allowed for one part need not be for the next: the key may be revoked or destroyed by now.
            let key = cx.object(&object, operation)?;
            key.check_available()?;
            check_key(cx, &key, key_use)?;
            (key, stream)
        }
    };
    let identifier = stream.object.clone().unwrap_or_default();
    let (given, size) = run(cx, step, part, stream)?;
    if key_use.purpose != Use::Process {
        let begins = matches!(step, Step::Whole | Step::First);
        let allocated = allocate(cx, &key, &identifier, operation, size, begins);
        if let (Err(_), Some(correlation)) = (&allocated, &given.correlation) {
            drop(cx.take_stream(correlation)?);
        }
        allocated?;
    }
    cx.reserve(given.data.len());
    cx.returns(&identifier);
    Ok(given)
}

/// Does a part of an operation without a key, or all of it; `open` sets it up.
pub(super) fn without_key(
    cx: &mut Context<'_>,
    part: Part,
    open: impl FnOnce(&mut Context<'_>) -> Result<Box<dyn Work>, Failure>,
) -> Result<Given, Failure> {
    let step = Step::of(&part)?;
    let stream = match &part.correlation {
        None => Stream { object: None, work: open(cx)? },
        Some(correlation) => cx.take_stream(correlation)?,
    };
    let (given, _) = run(cx, step, part, stream)?;
    Ok(given)
}

fn run(cx: &mut Context<'_>, step: Step, part: Part, mut stream: Stream) -> Result<(Given, usize), Failure> {
    let data = match part.data {
        Some(data) => cx.data(data)?,
        // 1.4 §4: "Data is always required […] except when either Init Indicator or Final Indicator is true".
        None if part.init == Some(true) || part.last == Some(true) => Secret::default(),
        None => return Err(Failure::missing("the Data")),
    };
    if let Some(expected) = &part.expected {
        stream.work.expect(expected)?;
    }
    let mut out = Wiped::default();
    stream.work.update(data.expose(), &mut out)?;
    let identifier = stream.object.clone();
    let (end, correlation) = match step {
        Step::Whole | Step::Last => (Some(stream.work.finish(&mut out)?), None),
        Step::First | Step::Next => (None, Some(cx.keep_stream(part.correlation, stream)?)),
    };
    Ok((Given { identifier, data: out, end, correlation, whole: step == Step::Whole }, data.len()))
}

/// Which part of an operation a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Whole,
    First,
    Next,
    Last,
}

impl Step {
    fn of(part: &Part) -> Result<Self, Failure> {
        let (init, last) = (part.init.unwrap_or_default(), part.last.unwrap_or_default());
        let refuse = |message| Err(Failure::new(Kind::InvalidMessage, message));
        match (part.correlation.is_some(), init, last) {
            (false, true, false) => Ok(Self::First),
            (false, true, true) | (false, false, false) => Ok(Self::Whole),
            (false, false, true) => refuse("the Correlation Value is missing of which this is the last part"),
            (true, true, _) => refuse("a request with a Correlation Value is not the first part"),
            (true, false, false) => Ok(Self::Next),
            (true, false, true) => Ok(Self::Last),
        }
    }
}

/// Checks that a key may be used this way: its state, its dates, its usage mask.
pub(super) fn check_key(cx: &Context<'_>, key: &Managed, key_use: KeyUse) -> Result<(), Failure> {
    check_use(&key.attributes, key_use.purpose, cx.now())?;
    let bits = key_use.bits;
    if !usage_mask(&key.attributes).unwrap_or_default().intersects(bits) {
        return Err(Failure::new(
            Kind::UsageMask,
            format!("the key's Cryptographic Usage Mask lacks {bits}"),
        ));
    }
    Ok(())
}

/// Takes what is used from the key's Usage Limits, if it has some (1.4 §3.21).
pub(super) fn allocate(
    cx: &mut Context<'_>,
    key: &Managed,
    identifier: &str,
    operation: Operation,
    size: usize,
    begins: bool,
) -> Result<(), Failure> {
    if key.attributes.get(USAGE_LIMITS).is_none() {
        return Ok(());
    }
    cx.change(identifier, operation, |key| {
        let Some(AttributeValue::UsageLimits(limits)) = key.attributes.get(USAGE_LIMITS) else {
            return Ok(());
        };
        let used = match limits.usage_limits_unit {
            Some(UsageLimitsUnit::Object) => i64::from(begins),
            _ => i64::try_from(size).unwrap_or(i64::MAX),
        };
        let Some(count) = limits.usage_limits_count else { return Ok(()) };
        let left = count.checked_sub(used).filter(|left| *left >= 0);
        let Some(left) = left else {
            return Err(Failure::new(Kind::UsageLimits, "the key's Usage Limits are used up"));
        };
        let limits = UsageLimits { usage_limits_count: Some(left), ..limits.clone() };
        key.attributes.set(AttributeValue::UsageLimits(limits));
        Ok(())
    })
}

/// The attribute that says how often a key may be used.
const USAGE_LIMITS: Tag = Tag::UsageLimits;
