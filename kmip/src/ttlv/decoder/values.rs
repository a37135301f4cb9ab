//! The values of items, of each type.

use bytes::Bytes;

use super::Decoder;
use crate::ttlv::{
    BigInteger, DateTime, DateTimeExtended, ErrorKind, Interval, Item, ItemType, Result, Text, Value,
    header::Header,
};

impl<'a> Decoder<'a> {
    /// The eight bytes of a value of fixed length.
    #[inline(always)]
    fn eight(&mut self, item: Header, expected: ItemType, length: u32) -> Result<u64> {
        if !item.has(expected, length) {
            return Err(self.unfit(item, expected));
        }
        let Some((value, rest)) = self.rest.split_first_chunk::<8>() else { return Err(self.malformed()) };
        self.rest = rest;
        Ok(u64::from_be_bytes(*value))
    }

    #[inline(always)]
    fn four(&mut self, item: Header, expected: ItemType) -> Result<u32> {
        let value = self.eight(item, expected, 4)?;
        if self.strict && value & u64::from(u32::MAX) != 0 {
            return Err(self.fail_at(ErrorKind::Padding, self.position() - 4));
        }
        Ok((value >> 32) as u32)
    }

    /// Takes a value of any length, and its padding; the value's bytes.
    #[inline(always)]
    fn any(&mut self, item: Header, expected: ItemType) -> Result<&'a [u8]> {
        let length = item.length() as usize;
        let value = self.rest.split_at_checked(item.padded()).filter(|_| item.is(expected));
        let Some((value, rest)) = value else { return Err(self.unfit(item, expected)) };
        if self.strict && length & 7 != 0 {
            // The eight bytes that the value ends in, of which the last ones are padding.
            let mask = u64::MAX >> ((length & 7) * 8);
            if value.last_chunk().is_some_and(|last| u64::from_be_bytes(*last) & mask != 0) {
                return Err(self.fail_at(ErrorKind::Padding, self.position() + length));
            }
        }
        self.rest = rest;
        Ok(value.get(..length).unwrap_or_default())
    }

    /// Takes a value of any length as a slice of the message.
    #[inline(always)]
    fn slice(&mut self, item: Header, expected: ItemType) -> Result<Bytes> {
        let start = self.position();
        let value = self.any(item, expected)?;
        Ok(self.message.slice(start..start + value.len()))
    }

    /// The value of an Integer.
    #[inline(always)]
    pub fn integer(&mut self, item: Header) -> Result<i32> {
        self.four(item, ItemType::Integer).map(u32::cast_signed)
    }

    /// The value of a Long Integer.
    #[inline(always)]
    pub fn long_integer(&mut self, item: Header) -> Result<i64> {
        self.eight(item, ItemType::LongInteger, 8).map(u64::cast_signed)
    }

    /// The value of a Big Integer.
    pub fn big_integer(&mut self, item: Header) -> Result<BigInteger> {
        if self.strict
            && (item.length() == 0 || item.length() & 7 != 0)
            && item.item_type() == ItemType::BigInteger
        {
            return Err(self.wrong_length(item));
        }
        self.slice(item, ItemType::BigInteger).map(BigInteger::from_wire)
    }

    /// The value of an Enumeration.
    #[inline(always)]
    pub fn enumeration(&mut self, item: Header) -> Result<u32> {
        self.four(item, ItemType::Enumeration)
    }

    /// The value of a Boolean.
    #[inline(always)]
    pub fn boolean(&mut self, item: Header) -> Result<bool> {
        let value = self.eight(item, ItemType::Boolean, 8)?;
        if value > 1 && self.strict {
            return Err(self.fail_at(ErrorKind::Boolean, self.position() - 8));
        }
        Ok(value != 0)
    }

    /// The value of a Text String.
    #[inline(always)]
    pub fn text_string(&mut self, item: Header) -> Result<Text> {
        let bytes = self.slice(item, ItemType::TextString)?;
        match Text::try_from(bytes) {
            Ok(text) => Ok(text),
            Err(error) => Err(self.utf8(item, error)),
        }
    }

    /// The bytes of a Text String or Byte String that is not taken yet.
    #[inline]
    pub fn peek(&self, item: Header) -> &'a [u8] {
        self.rest.get(..item.length() as usize).unwrap_or_default()
    }

    /// Steps over a Text String that was looked at with [`Self::peek`].
    ///
    /// # Errors
    ///
    /// When the item is of another type, or its padding is not what it should be.
    #[inline]
    pub fn skip_text_string(&mut self, item: Header) -> Result<()> {
        self.any(item, ItemType::TextString).map(|_| ())
    }

    /// The value of a Byte String.
    #[inline(always)]
    pub fn byte_string(&mut self, item: Header) -> Result<Bytes> {
        self.slice(item, ItemType::ByteString)
    }

    /// The value of a Date-Time.
    #[inline(always)]
    pub fn date_time(&mut self, item: Header) -> Result<DateTime> {
        self.eight(item, ItemType::DateTime, 8).map(|value| DateTime(value.cast_signed()))
    }

    /// The value of a Date-Time Extended.
    #[inline(always)]
    pub fn date_time_extended(&mut self, item: Header) -> Result<DateTimeExtended> {
        self.eight(item, ItemType::DateTimeExtended, 8).map(|value| DateTimeExtended(value.cast_signed()))
    }

    /// The value of an Interval.
    #[inline(always)]
    pub fn interval(&mut self, item: Header) -> Result<Interval> {
        self.four(item, ItemType::Interval).map(Interval)
    }

    /// An item of any type, with all that is in it.
    ///
    /// # Errors
    ///
    /// When it, or something in it, is malformed, too deep, or too much.
    pub fn item(&mut self, item: Header) -> Result<Item> {
        let value = match item.item_type() {
            ItemType::Structure => {
                let scope = self.enter(item)?;
                let mut items = Vec::new();
                while let Some(item) = self.next()? {
                    if items.is_empty() {
                        items.reserve_exact(self.room::<Item>(self.count_all(item)));
                    }
                    items.push(self.item(item)?);
                }
                self.leave(scope);
                Value::Structure(items)
            }
            ItemType::Integer => Value::Integer(self.integer(item)?),
            ItemType::LongInteger => Value::LongInteger(self.long_integer(item)?),
            ItemType::BigInteger => Value::BigInteger(self.big_integer(item)?),
            ItemType::Enumeration => Value::Enumeration(self.enumeration(item)?),
            ItemType::Boolean => Value::Boolean(self.boolean(item)?),
            ItemType::TextString => Value::TextString(self.text_string(item)?),
            ItemType::ByteString => Value::ByteString(self.byte_string(item)?),
            ItemType::DateTime => Value::DateTime(self.date_time(item)?),
            ItemType::Interval => Value::Interval(self.interval(item)?),
            ItemType::DateTimeExtended => Value::DateTimeExtended(self.date_time_extended(item)?),
        };
        Ok(Item { tag: item.tag(), value })
    }
}
