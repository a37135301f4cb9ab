//! How a message is read: item for item, without moving or copying what is read.

mod failures;
mod values;

use bytes::Bytes;

use super::{
    Error, ErrorKind, ItemType, Limits, Mode, Result, Tag, Version,
    header::{self, Header},
    path::Path,
};

/// A value that can be read from an item.
///
/// Derived for structures and choices; see [`crate::ttlv`] for an example.
pub trait Decode: Sized {
    /// The item type of such a value; none where it may be of several.
    const ITEM_TYPE: Option<ItemType>;

    /// Makes a value of the four bytes of an Integer, an Enumeration or an Interval, if that is what it is and each is one.
    const FROM_FOUR: Option<fn(u32) -> Self> = None;

    /// A value to read into: what is required is empty or zero, what is optional isn't there. It owns nothing.
    fn blank() -> Self;

    /// Reads the value of the item whose head was just read into `self`, which is blank.
    ///
    /// It is read in place, because values that are moved as they are put together take longer to move than to read.
    ///
    /// # Errors
    ///
    /// When the item is not what this type describes, in the decoder's version and mode.
    fn read(&mut self, item: Header, from: &mut Decoder<'_>) -> Result<()>;
}

impl<T: Decode> Decode for Box<T> {
    const ITEM_TYPE: Option<ItemType> = T::ITEM_TYPE;

    #[inline]
    fn blank() -> Self {
        // Made where it stays, which `Box::new` would not do.
        Box::write(Box::new_uninit(), T::blank())
    }

    #[inline]
    fn read(&mut self, item: Header, from: &mut Decoder<'_>) -> Result<()> {
        (**self).read(item, from)
    }
}

/// Reads items of one message, one behind the other, within a version, a mode and limits.
///
/// Byte strings and texts that it gives out are slices of the message, not copies.
pub struct Decoder<'a> {
    message: &'a Bytes,
    /// What is still to be read of the structure that the decoder is in.
    rest: &'a [u8],
    /// How many bytes of the message follow that structure.
    behind: usize,
    version: Version,
    strict: bool,
    /// How many item types the version has.
    types: u8,
    depth: u32,
    decider: Decider,
    limits: Limits,
}

/// What decides the choices to come: the value of the field with this tag.
#[derive(Clone, Copy)]
pub struct Decider {
    tag: Tag,
    value: u32,
}

/// Checks that a message is no larger, and has no more items, than the limits allow.
#[inline]
fn check_limits(message: &[u8], limits: Limits) -> Result<()> {
    if message.len() > limits.size {
        let kind = ErrorKind::Size { size: message.len(), limit: limits.size };
        return Err(Error::new(kind, 0, Path::default()));
    }
    // An item has eight bytes at least: only a large message can have too many, and only that one is counted.
    if message.len() / header::SIZE > limits.items as usize {
        header::count(message, limits)?;
    }
    Ok(())
}

const UNDECIDED: Decider = Decider { tag: Tag(0), value: 0 };

/// What has to be put back when a structure has been read.
pub struct Scope<'a> {
    after: &'a [u8],
    behind: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder of `message`.
    ///
    /// # Errors
    ///
    /// When the message is larger than the limit, or has more items.
    #[inline(always)]
    pub fn new(message: &'a Bytes, version: Version, mode: Mode, limits: Limits) -> Result<Self> {
        // What can fail stands apart: the decoder is made where it stays, and not moved out of a result.
        check_limits(message, limits)?;
        Ok(Self {
            message,
            rest: message,
            behind: 0,
            version,
            strict: mode == Mode::Strict,
            types: ItemType::count(version),
            depth: limits.depth,
            decider: UNDECIDED,
            limits,
        })
    }

    /// The version that gates are compared with.
    #[inline]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether the mode is [`Mode::Strict`].
    #[inline]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Reads the only item of the input.
    ///
    /// # Errors
    ///
    /// When there is none, when it has another tag, or when anything follows it.
    #[inline(always)]
    pub fn only<T: Decode>(&mut self, tag: Tag) -> Result<T> {
        let mut value = T::blank();
        self.only_into(tag, &mut value)?;
        Ok(value)
    }

    #[inline(always)]
    fn only_into<T: Decode>(&mut self, tag: Tag, value: &mut T) -> Result<()> {
        let Some(item) = self.next()? else {
            return Err(Error::new(ErrorKind::Truncated { missing: header::SIZE }, 0, Path::default()));
        };
        if item.tag() != tag {
            return Err(self.fail(item, ErrorKind::Tag { expected: tag, found: item.tag() }));
        }
        value.read(item, self)?;
        if !self.rest.is_empty() {
            let kind = ErrorKind::TrailingBytes { count: self.rest.len() };
            return Err(Error::new(kind, self.position(), Path::default()));
        }
        Ok(())
    }

    /// The head of the next item of this structure; none at its end.
    ///
    /// # Errors
    ///
    /// When what stands there is no item that lies within the structure.
    #[inline(always)]
    #[allow(clippy::should_implement_trait, reason = "an iterator could not be lent to decode the item")]
    pub fn next(&mut self) -> Result<Option<Header>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let Ok((rest, word)) = header::word(self.rest) else { return Err(self.malformed()) };
        let item = Header::from_word(word);
        let known = item.code().wrapping_sub(1) < self.types;
        if !known || item.padded() > rest.len() {
            return Err(self.malformed());
        }
        self.rest = rest;
        Ok(Some(item))
    }

    /// How far the decoder has come, in bytes from the start of the message.
    #[inline(always)]
    fn position(&self) -> usize {
        self.message.len() - self.behind - self.rest.len()
    }

    /// Steps over the value of an item.
    pub fn skip(&mut self, item: Header) {
        self.rest = self.rest.get(item.padded()..).unwrap_or_default();
    }

    /// Goes into a structure, whose items [`Self::next`] gives from then on.
    ///
    /// # Errors
    ///
    /// When the item is no structure, or is too deep.
    #[inline(always)]
    pub fn enter(&mut self, item: Header) -> Result<Scope<'a>> {
        let inside = self.rest.split_at_checked(item.length() as usize);
        let Some((inside, after)) = inside.filter(|_| item.is(ItemType::Structure) && item.length() & 7 == 0)
        else {
            return Err(self.unfit(item, ItemType::Structure));
        };
        if self.depth == 0 {
            return Err(self.fail(item, ErrorKind::Depth(self.limits.depth)));
        }
        self.depth -= 1;
        let scope = Scope { after, behind: self.behind };
        self.behind += after.len();
        self.rest = inside;
        Ok(scope)
    }

    /// Takes a whole structure whose items have exactly these heads, of values of four bytes, and gives those values: the
    /// short way for what nearly always is as it should be. When it isn't, nothing is taken.
    #[inline(always)]
    pub fn fours<const N: usize>(
        &mut self,
        item: Header,
        heads: [(Tag, Option<ItemType>); N],
    ) -> Option<[u32; N]> {
        if !item.has(ItemType::Structure, 16 * N as u32) || self.depth == 0 {
            return None;
        }
        let (inside, after) = self.rest.split_at_checked(16 * N)?;
        let (words, _) = inside.as_chunks::<8>();
        let mut values = [0; N];
        let mut differs = 0;
        for (place, (tag, item_type)) in heads.into_iter().enumerate() {
            let [head, value] =
                [words.get(2 * place)?, words.get(2 * place + 1)?].map(|word| u64::from_be_bytes(*word));
            // What is no padding is an error, or forgiven, elsewhere.
            differs |= (head ^ header::word_of(tag, item_type?, 4)) | u64::from(value as u32);
            *values.get_mut(place)? = (value >> 32) as u32;
        }
        if differs != 0 {
            return None;
        }
        self.rest = after;
        Some(values)
    }

    /// Leaves the structure that gave `scope`, at its end.
    #[inline(always)]
    pub fn leave(&mut self, scope: Scope<'a>) {
        self.depth += 1;
        self.rest = scope.after;
        self.behind = scope.behind;
    }

    /// What choices are decided by here: to be put back where a structure decides otherwise for its own.
    #[inline(always)]
    pub fn decider(&self) -> Decider {
        self.decider
    }

    /// Puts back what [`Self::decider`] gave.
    #[inline(always)]
    pub fn put_back(&mut self, decider: Decider) {
        self.decider = decider;
    }

    /// Sets what later choices are decided by.
    #[inline(always)]
    pub fn decide(&mut self, tag: Tag, value: u32) {
        self.decider = Decider { tag, value };
    }

    /// The value of the field `tag` in this or an enclosing structure, if it was the last that decides.
    #[inline(always)]
    pub fn decided(&self, tag: Tag) -> Option<u32> {
        if self.decider.tag == tag { Some(self.decider.value) } else { None }
    }

    /// In lenient mode, reads the deciding field `tag` ahead when it doesn't stand first in the structure just
    /// entered.
    ///
    /// # Errors
    ///
    /// When that field can't be read.
    #[inline(always)]
    pub fn look_ahead<T: Decode + Decides>(&mut self, tag: Tag) -> Result<()> {
        if self.strict { Ok(()) } else { self.find_decider::<T>(tag) }
    }

    fn find_decider<T: Decode + Decides>(&mut self, tag: Tag) -> Result<()> {
        let rest = self.rest;
        let mut first = true;
        while let Some(item) = self.next()? {
            if item.tag() == tag {
                if !first {
                    let mut value = T::blank();
                    value.read(item, self)?;
                    self.decide(tag, value.deciding());
                }
                break;
            }
            first = false;
            self.skip(item);
        }
        self.rest = rest;
        Ok(())
    }

    /// How many fields to make room for when `item` is the first of a repeated one.
    #[inline]
    pub fn count(&self, item: Header) -> usize {
        let mut rest = self.rest.get(item.padded()..).unwrap_or_default();
        let mut count = 1;
        while let Some(head) = header::split(rest).filter(|head| head.tag == item.tag().0) {
            rest = rest.get(header::SIZE + header::padded(head.length as usize)..).unwrap_or_default();
            count += 1;
            if count == 16 {
                // Long lists are mostly of one kind: the rest is taken to be as large as these were.
                let so_far = header::SIZE + self.rest.len() - rest.len();
                return count + rest.len() * count / so_far;
            }
        }
        count
    }

    /// How many items there are from `item` to the end of the structure.
    #[inline]
    pub fn count_all(&self, item: Header) -> usize {
        let mut rest = self.rest.get(item.padded()..).unwrap_or_default();
        let mut count = 1;
        while let Some(head) = header::split(rest) {
            rest = rest.get(header::SIZE + header::padded(head.length as usize)..).unwrap_or_default();
            count += 1;
        }
        count
    }

    /// How many values of `T` to make room for, when so many seem to follow: not for more than a few times the bytes that
    /// are there, however many items these claim to be.
    #[inline]
    pub fn room<T>(&self, count: usize) -> usize {
        let size = size_of::<T>().max(1);
        count.min(1 + 4 * self.rest.len() / size)
    }
}

/// A value that decides which type another item has: an enumeration's number, an attribute's tag.
pub trait Decides {
    /// The number that cases are told apart by.
    fn deciding(&self) -> u32;
}
