//! Attributes on the command line: `NAME` and `NAME=VALUE`.

use kmip::{
    ttlv::{
        self, BigInteger, Bytes, DateTimeExtended, Interval, Item, ItemType, Mode, Tag, Value, names::Values,
    },
    types::{
        self, AttributeId, AttributeName, Attributes,
        attribute_set::AttributeInstance,
        rules::AttributeInfo,
        tables::{self, ATTRIBUTES, NAMES},
        version,
    },
};

use super::values::{self, plain};

/// The attribute with this name: as the specification prints it or nearly so, or `x-…` for a custom one.
pub(crate) fn id(name: &str) -> Result<AttributeId, String> {
    let wanted = plain(name);
    if let Some(info) = ATTRIBUTES.iter().find(|info| plain(info.name) == wanted) {
        return Ok(AttributeId::Standard(info.tag));
    }
    if name.split_once('-').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty()) {
        return Ok(AttributeId::from_name(&AttributeName::from(name)));
    }
    let near: Vec<&str> = ATTRIBUTES
        .iter()
        .map(|info| info.name)
        .filter(|name| plain(name).contains(&wanted))
        .take(5)
        .collect();
    Err(match &*near {
        [] => "no attribute has this name; that of a custom one starts with x-".to_owned(),
        near => format!("no attribute has this name; some that are near: {}", near.join(", ")),
    })
}

/// An attribute and its value.
///
/// That of a custom attribute is text, unless its type is named, as in `x-Count:Integer=5`.
pub(crate) fn assignment(text: &str) -> Result<AttributeInstance, String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let (name, item_type) = match name.split_once(':') {
        Some((name, item_type)) => (name, Some(self::item_type(item_type)?)),
        None => (name, None),
    };
    match id(name)? {
        AttributeId::Standard(tag) => standard(tag, value),
        AttributeId::Vendor { vendor, name } => {
            let value = plain_value(value, item_type.unwrap_or(ItemType::TextString), Tag::AttributeValue)?;
            Ok(AttributeInstance::vendor(vendor, name, value))
        }
    }
}

fn item_type(name: &str) -> Result<ItemType, String> {
    let wanted = plain(name);
    let known = ItemType::ALL.into_iter().filter(|item_type| *item_type != ItemType::Structure);
    known.clone().find(|item_type| plain(item_type.name()) == wanted).ok_or_else(|| {
        let names: Vec<&str> = known.map(ItemType::name).collect();
        format!("the types are {}", names.join(", "))
    })
}

fn standard(tag: Tag, text: &str) -> Result<AttributeInstance, String> {
    let types = NAMES.tag(tag).map(|info| info.item_types).unwrap_or_default();
    let mut reason = format!("{tag} can't be written here");
    if types.contains(&ItemType::Structure) {
        return typed(tag, structure(tag, text)?);
    }
    for item_type in types {
        match plain_value(text, *item_type, tag).and_then(|value| typed(tag, value)) {
            Ok(instance) => return Ok(instance),
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

/// The structures that have a short form.
fn structure(tag: Tag, text: &str) -> Result<Value, String> {
    let item = |tag, value: Value| Item { tag, value };
    let two = |separator, form: &str| text.split_once(separator).ok_or_else(|| format!("write {tag}={form}"));
    Ok(Value::Structure(match tag {
        Tag::Name => vec![
            item(Tag::NameValue, text.into()),
            item(Tag::NameType, Value::Enumeration(types::NameType::UninterpretedTextString.0)),
        ],
        Tag::ApplicationSpecificInformation => {
            let (namespace, data) = two(':', "NAMESPACE:DATA")?;
            vec![item(Tag::ApplicationNamespace, namespace.into()), item(Tag::ApplicationData, data.into())]
        }
        Tag::Link => {
            let (link_type, id) = two(':', "TYPE:ID")?;
            let link_type = values::named(&tables::LINK_TYPE, link_type)?;
            vec![
                item(Tag::LinkType, Value::Enumeration(link_type)),
                item(Tag::LinkedObjectIdentifier, id.into()),
            ]
        }
        _ => {
            return Err(format!(
                "{tag} is a structure; of those, Name=TEXT, Link=TYPE:ID and ApplicationSpecificInformation=NAMESPACE:DATA \
                 can be written here"
            ));
        }
    }))
}

fn plain_value(text: &str, item_type: ItemType, tag: Tag) -> Result<Value, String> {
    let table = NAMES.tag(tag).and_then(|info| info.values);
    let number = |error: std::num::ParseIntError| format!("{text:?} is no {item_type}: {error}");
    Ok(match item_type {
        ItemType::Structure => return structure(tag, text),
        ItemType::Integer => Value::Integer(match table {
            Some(Values::Mask(table)) => values::mask(table, text)?.cast_signed(),
            _ => text.parse().map_err(number)?,
        }),
        ItemType::LongInteger => Value::LongInteger(text.parse().map_err(number)?),
        ItemType::BigInteger => Value::BigInteger(BigInteger::from_signed_bytes(values::bytes(text)?)),
        ItemType::Enumeration => Value::Enumeration(match table {
            Some(Values::Enumeration(table)) => values::named(table, text)?,
            _ => values::number(text).ok_or_else(|| format!("{text:?} is no number"))?,
        }),
        ItemType::Boolean => Value::Boolean(text.parse().map_err(|_| "write true or false".to_owned())?),
        ItemType::TextString => Value::TextString(text.into()),
        ItemType::ByteString => Value::ByteString(values::bytes(text)?),
        ItemType::DateTime => Value::DateTime(values::time(text)?),
        ItemType::Interval => Value::Interval(Interval(text.trim_end_matches(" s").parse().map_err(number)?)),
        ItemType::DateTimeExtended => {
            let seconds = values::time(text)?.0;
            Value::DateTimeExtended(DateTimeExtended(seconds.saturating_mul(1_000_000)))
        }
    })
}

/// The typed form of an attribute: found by its tag, as KMIP 2.0 carries it, or else by its name.
fn typed(tag: Tag, value: Value) -> Result<AttributeInstance, String> {
    let is_in_2 = tables::attribute_info(tag).is_some_and(|info: &AttributeInfo| info.is_in(version::V2_0));
    let read = || -> ttlv::Result<Option<AttributeInstance>> {
        if is_in_2 {
            let list = Item { tag: Tag::Attributes, value: Value::Structure(vec![Item { tag, value }]) };
            let bytes = Bytes::from(ttlv::encode(&list, Tag::Attributes, version::V2_0)?);
            let list: Attributes = ttlv::decode(&bytes, Tag::Attributes, version::V2_0, Mode::Strict)?;
            return Ok(list.attribute.into_iter().next().map(AttributeInstance::from_value));
        }
        let name = AttributeName::Standard(tag);
        let attribute = Item {
            tag: Tag::Attribute,
            value: Value::Structure(vec![
                Item { tag: Tag::AttributeName, value: name.as_str().into() },
                Item { tag: Tag::AttributeValue, value },
            ]),
        };
        let bytes = Bytes::from(ttlv::encode(&attribute, Tag::Attribute, version::V1_4)?);
        let attribute: types::Attribute = ttlv::decode(&bytes, Tag::Attribute, version::V1_4, Mode::Strict)?;
        Ok(AttributeInstance::from_attribute(attribute))
    };
    read().map_err(|error| error.to_string())?.ok_or_else(|| format!("{tag} can't be written here"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip::{
        ttlv::DateTime,
        types::{AttributeValue, CryptographicUsageMask, LinkType, State},
    };

    fn value(text: &str) -> AttributeValue {
        assignment(text).expect(text).value
    }

    #[test]
    fn values_of_every_kind() {
        assert_eq!(value("Cryptographic Length=256"), AttributeValue::CryptographicLength(256));
        assert_eq!(value("cryptographic-length=256"), AttributeValue::CryptographicLength(256));
        assert_eq!(value("State=pre-active"), AttributeValue::State(State::PreActive));
        let usage = CryptographicUsageMask::Sign | CryptographicUsageMask::Verify;
        assert_eq!(
            value("CryptographicUsageMask=sign,verify"),
            AttributeValue::CryptographicUsageMask(usage)
        );
        assert_eq!(value("Activation Date=60"), AttributeValue::ActivationDate(DateTime(60)));
        assert_eq!(value("Object Group=a=b"), AttributeValue::ObjectGroup("a=b".into()));
        assert!(matches!(value("Name=mine"), AttributeValue::Name(name) if name.name_value == "mine"));
        assert!(
            matches!(value("Link=next:7"), AttributeValue::Link(link) if link.link_type == LinkType::NextLink)
        );
        // This one is not in KMIP 2.0.
        assert_eq!(
            value("Operation Policy Name=default"),
            AttributeValue::OperationPolicyName("default".into())
        );
    }

    #[test]
    fn custom_attributes() {
        assert_eq!(assignment("x-Owner=me"), Ok(AttributeInstance::vendor("x", "Owner", "me")));
        assert_eq!(assignment("x-Count:Integer=-5"), Ok(AttributeInstance::vendor("x", "Count", -5)));
        assert!(assignment("x-Count:Number=5").is_err_and(|error| error.contains("LongInteger")));
    }

    #[test]
    fn faults_are_told() {
        assert!(assignment("Name").is_err());
        assert!(assignment("Lenght=5").is_err_and(|error| error.contains("x-")));
        assert!(id("length").is_err_and(|error| error.contains("Cryptographic Length")));
        assert!(assignment("Digest=5").is_err_and(|error| error.contains("structure")));
        assert!(assignment("Cryptographic Length=long").is_err());
    }
}
