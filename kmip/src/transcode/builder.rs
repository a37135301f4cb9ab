use zeroize::Zeroizing;

use super::{Error, ErrorKind, Naming, Position, Scalar};
use crate::ttlv::{
    self, BigInteger, Bytes, DateTime, DateTimeExtended, Encoder, HEADER_SIZE, Interval, ItemType, Limits,
    OPEN, Path, Tag, Version, word_of,
};

/// Writes a binary message while its text is read, within the limits.
pub(crate) struct Builder {
    bytes: Zeroizing<Vec<u8>>,
    limits: Limits,
    items: u32,
    open: Vec<Frame>,
}

/// A structure that isn't complete.
struct Frame {
    /// Where it starts.
    start: usize,
    /// What names the items in it.
    naming: Naming,
}

impl Builder {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { bytes: Zeroizing::default(), limits, items: 0, open: Vec::new() }
    }

    /// The message.
    pub(crate) fn finish(self) -> Bytes {
        Bytes::from_owner(self.bytes)
    }

    /// Whether a structure is open.
    #[cfg(feature = "xml")]
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether nothing has been written.
    #[cfg(feature = "xml")]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How long it is so far.
    #[cfg(feature = "conformance")]
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// The tag whose tables name the value of the next item.
    pub(crate) fn subject(&self, tag: Tag) -> Tag {
        self.open.last().map_or(tag, |frame| frame.naming.subject(tag))
    }

    /// Begins a structure.
    pub(crate) fn begin(&mut self, tag: Tag) -> Result<(), ErrorKind> {
        if self.open.len() >= self.limits.depth as usize {
            return Err(ErrorKind::Limit(ttlv::ErrorKind::Depth(self.limits.depth)));
        }
        self.room(0)?;
        self.open.push(Frame { start: self.bytes.len(), naming: Naming::default() });
        self.bytes.extend_from_slice(&word_of(tag, ItemType::Structure, OPEN).to_be_bytes());
        Ok(())
    }

    /// Ends the innermost structure; `tag` is its tag where it was not known before.
    pub(crate) fn end(&mut self, tag: Option<Tag>) -> Result<(), ErrorKind> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let Ok(length) = u32::try_from(self.bytes.len() - frame.start - HEADER_SIZE) else {
            return Err(ErrorKind::Limit(ttlv::ErrorKind::TooLong));
        };
        if let Some(head) =
            self.bytes.get_mut(frame.start..).and_then(|here| here.first_chunk_mut::<HEADER_SIZE>())
        {
            let written = Tag((u64::from_be_bytes(*head) >> 40) as u32);
            *head = word_of(tag.unwrap_or(written), ItemType::Structure, length).to_be_bytes();
        }
        Ok(())
    }

    /// Writes an item that is no structure.
    pub(crate) fn put(&mut self, tag: Tag, value: &Scalar<'_>) -> Result<(), ErrorKind> {
        self.room(match value {
            Scalar::TextString(text) => text.len(),
            Scalar::ByteString(bytes) | Scalar::BigInteger(bytes) => bytes.len(),
            _ => 8,
        })?;
        if let Some(frame) = self.open.last_mut() {
            let text = if let Scalar::TextString(text) = value { Some(*text) } else { None };
            frame.naming.saw(tag, text);
        }
        // A version beyond all others: which items a version has is not for texts to say.
        let mut to = Encoder::new(&mut self.bytes, Version::new(u8::MAX, u8::MAX));
        let done = match value {
            Scalar::Integer(number) => {
                to.integer(tag, *number);
                Ok(())
            }
            Scalar::LongInteger(number) => {
                to.long_integer(tag, *number);
                Ok(())
            }
            Scalar::Enumeration(number) => {
                to.enumeration(tag, *number);
                Ok(())
            }
            Scalar::Boolean(value) => {
                to.boolean(tag, *value);
                Ok(())
            }
            Scalar::DateTime(time) => {
                to.date_time(tag, DateTime(*time));
                Ok(())
            }
            Scalar::Interval(seconds) => {
                to.interval(tag, Interval(*seconds));
                Ok(())
            }
            Scalar::DateTimeExtended(time) => to.date_time_extended(tag, DateTimeExtended(*time)),
            Scalar::BigInteger(bytes) => {
                let number = BigInteger::from_signed_bytes(Bytes::from_owner(bytes.clone()));
                to.big_integer(tag, &number)
            }
            Scalar::TextString(text) => to.text_string(tag, text),
            Scalar::ByteString(bytes) => to.byte_string(tag, bytes),
        };
        done.map_err(|error| ErrorKind::Limit(error.kind().clone()))
    }

    /// Counts an item whose value has so many bytes.
    fn room(&mut self, length: usize) -> Result<(), ErrorKind> {
        if self.items >= self.limits.items {
            return Err(ErrorKind::Limit(ttlv::ErrorKind::Items(self.limits.items)));
        }
        self.items += 1;
        let size = self.bytes.len() + HEADER_SIZE + length.next_multiple_of(8);
        if size > self.limits.size {
            return Err(ErrorKind::Limit(ttlv::ErrorKind::Size { size, limit: self.limits.size }));
        }
        if size > self.bytes.capacity() {
            // By hand, so that what is left behind is wiped.
            let mut larger =
                Zeroizing::new(Vec::with_capacity(size.max(2 * self.bytes.capacity()).max(1 << 10)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        Ok(())
    }

    /// An error in the item that is to come next, if its tag is known, or in the structure around it.
    #[cold]
    pub(crate) fn fail(&self, kind: ErrorKind, position: Position, tag: Option<Tag>) -> Error {
        let mut path = Path::locate(&self.bytes, self.bytes.len());
        if let Some(tag) = tag {
            let siblings = self.open.last().and_then(|frame| self.bytes.get(frame.start + HEADER_SIZE..));
            path.push_behind(siblings.unwrap_or_default(), tag);
        }
        Error::new(kind, position, path)
    }
}
