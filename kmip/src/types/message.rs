//! Whole messages: the version that they say they are in, reading and writing.

use super::{Operation, ProtocolVersion, RequestMessage, ResponseMessage, version};
use crate::ttlv::{
    Bytes, Decode, Decoder, Encode, Error, ErrorKind, HEADER_SIZE, ItemType, Limits, Mode, Path, Result,
    Structure, Tag, Version, encode_into, word_of,
};

/// The protocol version that a message, request or response, says it is in.
///
/// # Errors
///
/// When there is no version where it belongs, or no table describes it.
pub fn version_of(message: &Bytes) -> Result<Version> {
    match numbers_in_place(message) {
        Some(numbers) => known(numbers),
        None => find_version(message),
    }
}

/// The tag of a message's header.
const fn header_of(message: Tag) -> Tag {
    if message.0 == Tag::RequestMessage.0 { Tag::RequestHeader } else { Tag::ResponseHeader }
}

/// The two numbers, where message, header and version stand as the specification orders them.
#[inline]
fn numbers_in_place(message: &[u8]) -> Option<(i32, i32)> {
    const VERSION: u64 = word_of(Tag::ProtocolVersion, ItemType::Structure, 32);
    const MAJOR: u64 = word_of(Tag::ProtocolVersionMajor, ItemType::Integer, 4);
    const MINOR: u64 = word_of(Tag::ProtocolVersionMinor, ItemType::Integer, 4);
    let (words, _) = message.first_chunk::<56>()?.as_chunks::<8>();
    let [message, header, version, major_head, major, minor_head, minor] = words else { return None };
    let word = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    let tag = |bytes| Tag((word(bytes) >> 40) as u32);
    if word(version) != VERSION || word(major_head) != MAJOR || word(minor_head) != MINOR {
        return None;
    }
    if tag(header) != header_of(tag(message)) {
        return None;
    }
    let number = |bytes: &[u8; 8]| (word(bytes) >> 32) as u32;
    Some((number(major).cast_signed(), number(minor).cast_signed()))
}

fn known((major, minor): (i32, i32)) -> Result<Version> {
    let version = u8::try_from(major)
        .ok()
        .zip(u8::try_from(minor).ok())
        .map(|(major, minor)| Version::new(major, minor));
    match version {
        Some(version) if version::ALL.contains(&version) => Ok(version),
        _ => Err(Error::new(ErrorKind::UnknownVersion { major, minor }, 2 * HEADER_SIZE, Path::default())),
    }
}

#[cold]
fn find_version(message: &Bytes) -> Result<Version> {
    let limits = Limits { size: usize::MAX, ..Limits::DEFAULT };
    let mut from = Decoder::new(message, version::OLDEST, Mode::Lenient, limits)?;
    let missing = || Error::new(ErrorKind::Missing(Tag::ProtocolVersion), 0, Path::default());
    let whole = from.next()?.ok_or_else(missing)?;
    from.enter(whole)?;
    let mut header = from.next()?.ok_or_else(missing)?;
    while header.tag() != header_of(whole.tag()) {
        from.skip(header);
        header = from.next()?.ok_or_else(missing)?;
    }
    from.enter(header)?;
    while let Some(item) = from.next()? {
        if item.tag() == Tag::ProtocolVersion {
            let mut version = ProtocolVersion::blank();
            version.read(item, &mut from)?;
            return known((version.protocol_version_major, version.protocol_version_minor));
        }
        from.skip(item);
    }
    Err(missing())
}

#[inline]
fn read<T: Decode + Structure>(message: &Bytes, mode: Mode, limits: Limits) -> Result<T> {
    let version = version_within::<T>(message, mode, limits)?;
    Decoder::new(message, version, mode, limits)?.only(T::TAG)
}

/// The version of a message that is within the limits.
#[inline]
fn version_within<T: Decode + Structure>(message: &Bytes, mode: Mode, limits: Limits) -> Result<Version> {
    if message.len() > limits.size {
        let kind = ErrorKind::Size { size: message.len(), limit: limits.size };
        return Err(Error::new(kind, 0, Path::default()));
    }
    match version_of(message) {
        // What is wrong with the message as such says more than that no version was found in it.
        Err(error) if matches!(error.kind(), ErrorKind::Missing(_)) => {
            Decoder::new(message, version::OLDEST, mode, limits)?.only::<T>(T::TAG)?;
            Err(error)
        }
        version => version,
    }
}

fn write<T: Encode + Structure>(message: &T, version: &ProtocolVersion, bytes: &mut Vec<u8>) -> Result<()> {
    encode_into(message, T::TAG, version.known()?, bytes)
}

/// Checks that a payload is that of its item's operation: no reader could make anything of it otherwise.
fn agree(operation: Option<Operation>, payload: Option<Operation>, message: Tag, index: usize) -> Result<()> {
    let (Some(operation), Some(payload)) = (operation, payload) else { return Ok(()) };
    if operation == payload {
        return Ok(());
    }
    let tag = if message == Tag::RequestMessage { Tag::RequestPayload } else { Tag::ResponsePayload };
    let kind = ErrorKind::Contradiction {
        tag,
        is: payload.name().unwrap_or("an operation without a name"),
        decider: Tag::Operation,
        says: operation.to_string().into(),
    };
    Err(Error::new(kind, 0, Path::over(&[(message, 0), (Tag::BatchItem, index), (tag, 0)])))
}

impl RequestMessage {
    /// Reads a message, in the version that it says it is in.
    ///
    /// # Errors
    ///
    /// When it isn't what the tables describe, to the exactness of the mode, or is beyond the limits.
    #[inline]
    pub fn read(message: &Bytes, mode: Mode, limits: Limits) -> Result<Self> {
        read(message, mode, limits)
    }

    /// Writes the message behind what is in `bytes`, in the version that its header says; on an error nothing is added.
    ///
    /// # Errors
    ///
    /// When the version doesn't have something that is there, or requires something that isn't.
    pub fn write(&self, bytes: &mut Vec<u8>) -> Result<()> {
        for (index, item) in self.batch_item.iter().enumerate() {
            agree(Some(item.operation), item.request_payload.operation(), Self::TAG, index)?;
        }
        write(self, &self.request_header.protocol_version, bytes)
    }
}

impl ResponseMessage {
    /// Reads a message, in the version that it says it is in.
    ///
    /// # Errors
    ///
    /// As [`RequestMessage::read`].
    #[inline]
    pub fn read(message: &Bytes, mode: Mode, limits: Limits) -> Result<Self> {
        read(message, mode, limits)
    }

    /// Writes the message behind what is in `bytes`, in the version that its header says; on an error nothing is added.
    ///
    /// # Errors
    ///
    /// As [`RequestMessage::write`].
    pub fn write(&self, bytes: &mut Vec<u8>) -> Result<()> {
        for (index, item) in self.batch_item.iter().enumerate() {
            let of = item.response_payload.as_ref().and_then(super::ResponsePayload::operation);
            agree(item.operation, of, Self::TAG, index)?;
        }
        write(self, &self.response_header.protocol_version, bytes)
    }
}

impl ProtocolVersion {
    /// The version, if the tables describe it.
    ///
    /// # Errors
    ///
    /// When they don't.
    pub fn known(&self) -> Result<Version> {
        known((self.protocol_version_major, self.protocol_version_minor))
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        Self::new(version.major().into(), version.minor().into())
    }
}
