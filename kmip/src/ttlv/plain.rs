//! How the plain types are read and written.

use bytes::Bytes;

use super::{
    BigInteger, DateTime, DateTimeExtended, Decides, Decode, Decoder, Encode, Encoder, Enumeration, Interval,
    ItemType, Result, Secret, SecretText, Tag, TagValue, Text, header::Header,
};

macro_rules! plain {
    ($($type:ty: $item_type:ident, $read:ident $(from $four:expr)?, |$value:ident, $tag:ident, $to:ident| $write:expr;)*) => {
        $(
            impl Decode for $type {
                const ITEM_TYPE: Option<ItemType> = Some(ItemType::$item_type);
                $(const FROM_FOUR: Option<fn(u32) -> Self> = Some($four);)?

                #[inline(always)]
                fn blank() -> Self {
                    Self::default()
                }

                #[inline(always)]
                fn read(&mut self, item: Header, from: &mut Decoder<'_>) -> Result<()> {
                    *self = from.$read(item)?.into();
                    Ok(())
                }
            }

            impl Encode for $type {
                #[inline]
                fn encode(&self, $tag: Tag, $to: &mut Encoder<'_>) -> Result<()> {
                    let $value = self;
                    $write
                }
            }
        )*
    };
}

plain! {
    i32: Integer, integer from u32::cast_signed, |value, tag, to| { to.integer(tag, *value); Ok(()) };
    i64: LongInteger, long_integer, |value, tag, to| { to.long_integer(tag, *value); Ok(()) };
    BigInteger: BigInteger, big_integer, |value, tag, to| to.big_integer(tag, value);
    bool: Boolean, boolean, |value, tag, to| { to.boolean(tag, *value); Ok(()) };
    Text: TextString, text_string, |value, tag, to| to.text_string(tag, value);
    SecretText: TextString, text_string, |value, tag, to| to.text_string(tag, value.text());
    Bytes: ByteString, byte_string, |value, tag, to| to.byte_string(tag, value);
    Secret: ByteString, byte_string, |value, tag, to| to.byte_string(tag, value.expose());
    DateTime: DateTime, date_time, |value, tag, to| { to.date_time(tag, *value); Ok(()) };
    DateTimeExtended: DateTimeExtended, date_time_extended,
        |value, tag, to| to.date_time_extended(tag, *value);
    Interval: Interval, interval from Self, |value, tag, to| { to.interval(tag, *value); Ok(()) };
    Enumeration: Enumeration, enumeration from Self, |value, tag, to| { to.enumeration(tag, value.0); Ok(()) };
    TagValue: Enumeration, enumeration from |value| Self(Tag(value)), |value, tag, to| { to.enumeration(tag, value.0.0); Ok(()) };
}

impl From<u32> for Enumeration {
    fn from(value: u32) -> Self {
        Self(value)
    }
}

impl From<u32> for TagValue {
    fn from(value: u32) -> Self {
        Self(Tag(value))
    }
}

impl From<Bytes> for Secret {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        Self::from_shared(bytes)
    }
}

impl Decides for Enumeration {
    fn deciding(&self) -> u32 {
        self.0
    }
}
