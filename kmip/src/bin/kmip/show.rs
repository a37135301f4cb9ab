//! Values of attributes, for people and for programs.

use kmip::{
    ttlv::{self, Bytes, Item, Mode, Tag, Value, Version, names::Values},
    types::{AttributeId, AttributeValue, attribute_set::AttributeInstance, tables::NAMES},
};
use serde_json::{Map, json};

use super::values::hex;

/// The value of an attribute, generically.
pub(crate) fn value(instance: &AttributeInstance, version: Version) -> Option<Value> {
    let tag = tag(&instance.id);
    if let AttributeValue::Other(item) = &instance.value {
        return Some(item.value.clone());
    }
    let bytes = Bytes::from(ttlv::encode(&instance.value, tag, version).ok()?);
    let item: Item = ttlv::decode(&bytes, tag, version, Mode::Lenient).ok()?;
    Some(item.value)
}

/// The tag whose tables name an attribute's values.
pub(crate) fn tag(id: &AttributeId) -> Tag {
    match id {
        AttributeId::Standard(tag) => *tag,
        AttributeId::Vendor { .. } => Tag::AttributeValue,
    }
}

/// A value as text.
pub(crate) fn text(value: &Value, tag: Tag) -> String {
    if is_secret(tag) {
        return "(hidden)".to_owned();
    }
    match value {
        // The type of a name is of interest to few.
        Value::Structure(items) if tag == Tag::Name => items
            .iter()
            .find(|item| item.tag == Tag::NameValue)
            .map(|item| text(&item.value, item.tag))
            .unwrap_or_default(),
        Value::Structure(items) => {
            let items: Vec<String> =
                items.iter().map(|item| format!("{} {}", item.tag, text(&item.value, item.tag))).collect();
            items.join(", ")
        }
        Value::Integer(number) => mask(*number, tag).unwrap_or_else(|| number.to_string()),
        Value::LongInteger(number) => number.to_string(),
        Value::BigInteger(number) => hex(number.as_signed_bytes()),
        Value::Enumeration(number) => enumeration(*number, tag),
        Value::Boolean(value) => value.to_string(),
        Value::TextString(text) => text.to_string(),
        Value::ByteString(bytes) => hex(bytes),
        Value::DateTime(time) => time.to_string(),
        Value::Interval(interval) => format!("{} s", interval.0),
        Value::DateTimeExtended(time) => time.to_string(),
    }
}

/// A value as JSON: numbers and truth values as such, structures as objects, all else as text.
pub(crate) fn json(value: &Value, tag: Tag) -> serde_json::Value {
    if is_secret(tag) {
        return serde_json::Value::Null;
    }
    match value {
        Value::Structure(items) => {
            let mut object = Map::new();
            for item in items {
                let value = json(&item.value, item.tag);
                match object.get_mut(&item.tag.to_string()) {
                    Some(serde_json::Value::Array(several)) => several.push(value),
                    Some(one) => *one = json!([one.take(), value]),
                    None => {
                        object.insert(item.tag.to_string(), value);
                    }
                }
            }
            object.into()
        }
        Value::Integer(number) if mask(*number, tag).is_none() => json!(number),
        Value::LongInteger(number) => json!(number),
        Value::Boolean(value) => json!(value),
        Value::Interval(interval) => json!(interval.0),
        _ => json!(text(value, tag)),
    }
}

fn is_secret(tag: Tag) -> bool {
    NAMES.tag(tag).is_some_and(|info| info.secret)
}

fn mask(number: i32, tag: Tag) -> Option<String> {
    let Some(Values::Mask(table)) = NAMES.tag(tag).and_then(|info| info.values) else { return None };
    let bits = number.cast_unsigned();
    let named = table.values.iter().filter(|info| bits & info.value != 0);
    let rest = bits & !named.clone().fold(0, |bits, info| bits | info.value);
    let mut names: Vec<String> = named.map(|info| info.text.to_owned()).collect();
    if rest != 0 || names.is_empty() {
        names.push(format!("{rest:#x}"));
    }
    Some(names.join(", "))
}

fn enumeration(number: u32, tag: Tag) -> String {
    let name = match NAMES.tag(tag).and_then(|info| info.values) {
        Some(Values::Enumeration(table)) => table.value(number).map(|info| info.text),
        Some(Values::Tags) => NAMES.tag(Tag(number)).map(|info| info.text),
        _ => None,
    };
    name.map_or_else(|| format!("{number:#010x}"), str::to_owned)
}
