//! Items out of JSON's objects, in one pass: a message is written while its text is read.

use std::{borrow::Cow, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{read::State, value::Plain};
use crate::{
    transcode::{ErrorKind, item_type_named, quoted, tag_named},
    ttlv::{ItemType, Tag},
};

/// An item of a message.
pub(super) struct Item<'s, 'a>(pub(super) &'s mut State<'a>);

impl<'de> DeserializeSeed<'de> for Item<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"an item, such as {"tag": "BatchCount", "type": "Integer", "value": 1}"#)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let state = self.0;
        let mut parts = Parts::default();
        while let Some(property) = object.next_key_seed(Word)? {
            let place = state.place(&property);
            let twice = match &*property {
                "tag" => {
                    let word = object.next_value_seed(Word)?;
                    let tag = tag_named(&word).map_err(|kind| state.stop(kind, state.place(&word), None))?;
                    parts.tag.replace(tag).is_some()
                }
                "type" => {
                    let word = object.next_value_seed(Word)?;
                    let item_type = item_type_named(&word)
                        .map_err(|kind| state.stop(kind, state.place(&word), parts.tag))?;
                    parts.item_type.replace(item_type).is_some()
                }
                "value" if parts.value.is_some() => true,
                "value" => {
                    let (tag, item_type) = (parts.tag, parts.item_type);
                    parts.value = Some(object.next_value_seed(Value { state, tag, item_type })?);
                    false
                }
                "name" => object.next_value::<IgnoredAny>().map(|_| false)?,
                other => {
                    let reason =
                        format!("there is no property {}: only tag, name, type and value", quoted(other));
                    return Err(state.stop(ErrorKind::form(reason), place, parts.tag));
                }
            };
            if twice {
                let reason = format!("{property} stands here twice");
                return Err(state.stop(ErrorKind::form(reason), place, parts.tag));
            }
            parts.put(state)?;
        }
        parts.end(state)
    }
}

/// What an object has said of its item so far: its properties may stand in any order.
#[derive(Default)]
struct Parts<'a> {
    tag: Option<Tag>,
    item_type: Option<ItemType>,
    value: Option<Given<'a>>,
}

/// The value of an item.
enum Given<'a> {
    /// Items, which have been written, in a structure that is still open.
    Items,
    Null,
    Plain(Plain<'a>),
    /// A plain value that has been written.
    Written,
}

impl<'a> Parts<'a> {
    /// Writes a plain value as soon as it is known what it is.
    fn put<E: de::Error>(&mut self, state: &mut State<'a>) -> Result<(), E> {
        let (Some(tag), Some(item_type), Some(Given::Plain(plain))) = (self.tag, self.item_type, &self.value)
        else {
            return Ok(());
        };
        let subject = state.builder.subject(tag);
        let done = plain.read(item_type, subject).and_then(|scalar| state.builder.put(tag, &scalar));
        done.map_err(|kind| state.stop(kind, plain.text().and_then(|text| state.place(text)), Some(tag)))?;
        self.value = Some(Given::Written);
        Ok(())
    }

    fn end<E: de::Error>(self, state: &mut State<'a>) -> Result<(), E> {
        let Some(tag) = self.tag else {
            return Err(state.stop(ErrorKind::form("the property tag is missing"), None, None));
        };
        let item_type = self.item_type.unwrap_or(ItemType::Structure);
        let done = match (item_type, self.value) {
            (_, Some(Given::Written)) => Ok(()),
            (ItemType::Structure, Some(Given::Items)) => state.builder.end(Some(tag)),
            (ItemType::Structure, None | Some(Given::Null)) => {
                state.builder.begin(tag).and_then(|()| state.builder.end(None))
            }
            (ItemType::Structure, Some(Given::Plain(_))) => Err(ErrorKind::form(
                "a Structure has items and no other value; is the property type missing?",
            )),
            (_, Some(Given::Items)) => Err(has_no_items(item_type)),
            (_, None | Some(Given::Null | Given::Plain(_))) => {
                Err(ErrorKind::form("the property value is missing"))
            }
        };
        done.map_err(|kind| state.stop(kind, None, Some(tag)))
    }
}

fn has_no_items(item_type: ItemType) -> ErrorKind {
    ErrorKind::form(format!("an item of type {item_type} has no items in it"))
}

/// The value of an item of which this is known.
struct Value<'s, 'a> {
    state: &'s mut State<'a>,
    tag: Option<Tag>,
    item_type: Option<ItemType>,
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = Given<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Given<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = Given<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or an array of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Given<'de>, A::Error> {
        let Self { state, tag, item_type } = self;
        let begun = match item_type {
            None | Some(ItemType::Structure) => state.builder.begin(tag.unwrap_or_default()),
            Some(other) => Err(has_no_items(other)),
        };
        begun.map_err(|kind| state.stop(kind, None, tag))?;
        while array.next_element_seed(Item(state))?.is_some() {}
        Ok(Given::Items)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Given<'de>, E> {
        Ok(Given::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Given<'de>, E> {
        Ok(Given::Plain(Plain::Boolean(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Given<'de>, E> {
        Ok(Given::Plain(Plain::Whole(value.into())))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Given<'de>, E> {
        Ok(Given::Plain(Plain::Whole(value.into())))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Given<'de>, E> {
        Ok(Given::Plain(Plain::Fraction(value)))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Given<'de>, E> {
        Ok(Given::Plain(Plain::Text(text.into())))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Given<'de>, E> {
        Ok(Given::Plain(Plain::Text(text.to_owned().into())))
    }
}

/// A string.
struct Word;

impl<'de> DeserializeSeed<'de> for Word {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Word {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(text.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(text.to_owned().into())
    }
}
