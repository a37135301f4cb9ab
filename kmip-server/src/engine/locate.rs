//! From the attributes that a Locate gives to a query of the store (KMIP 1.4 §4.9, 2.0 §6.1.27).

use kmip::ttlv::{self, DateTime, Item, Mode, Tag, Value, Version};
use kmip::types::tables::attribute_info;
use kmip::types::{AttributeId, AttributeInstance, AttributeSet, AttributeValue, UniqueIdentifier};

use super::index::{self, Rows};
use super::lifecycle::as_date;
use super::{Failure, Kind, record};
use crate::seal::Seal;
use crate::store::{Condition, IndexValue};

/// What is looked for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// What the store can look for.
    pub(crate) conditions: Vec<Condition>,
    /// What has to be looked at in each object that it finds: parts of structures, which may be of different instances,
    /// and attributes that an object must not have.
    closer: Vec<Item>,
    absent: Vec<AttributeId>,
}

impl Filter {
    /// The filter of these attributes.
    ///
    /// # Errors
    ///
    /// When one of them is nothing that objects can be found by: it is never left out.
    pub(crate) fn new(
        attributes: Vec<AttributeInstance>,
        version: Version,
        seal: &Seal,
    ) -> Result<Self, Failure> {
        let mut filter = Self::default();
        let mut dates: Vec<(Tag, Vec<DateTime>)> = Vec::new();
        for instance in attributes {
            let tag = match &instance.id {
                AttributeId::Standard(tag) => *tag,
                // A custom attribute has a prefix (1.4 §3.39); this is a name that no version has.
                AttributeId::Vendor { vendor, name } if vendor.is_empty() => {
                    return Err(Failure::new(
                        Kind::InvalidAttribute,
                        format!("there is no attribute {name}"),
                    ));
                }
                AttributeId::Vendor { .. } => {
                    filter.equals(index::rows_of(&instance, seal)?);
                    continue;
                }
            };
            let Some(rules) = attribute_info(tag)
                .filter(|info| info.is_in(version))
                .and_then(|info| info.rules_in(version))
            else {
                return Err(Failure::new(
                    Kind::InvalidAttribute,
                    format!("{tag} is no attribute in KMIP {version}"),
                ));
            };
            if let Some(date) = as_date(&instance.value) {
                match dates.iter_mut().find(|(other, _)| *other == tag) {
                    Some((_, dates)) => dates.push(date),
                    None => dates.push((tag, vec![date])),
                }
                continue;
            }
            match &instance.value {
                AttributeValue::Other(_) => {
                    return Err(Failure::new(
                        Kind::InvalidField,
                        format!("the value of {tag} is of no type that it may have"),
                    ));
                }
                AttributeValue::UniqueIdentifier(UniqueIdentifier::TextString(identifier)) => {
                    filter.conditions.push(Condition::Identifier(identifier.as_str().to_owned()));
                }
                AttributeValue::UniqueIdentifier(_) => {
                    return Err(Failure::new(
                        Kind::InvalidField,
                        "objects are located by the text of their Unique Identifier",
                    ));
                }
                AttributeValue::ObjectType(object_type) => {
                    filter.conditions.push(Condition::ObjectType(object_type.0))
                }
                AttributeValue::State(state) => filter.conditions.push(Condition::State(state.0)),
                AttributeValue::CryptographicUsageMask(mask) => filter.conditions.push(Condition::Contains {
                    attribute: index::rows_of(&instance, seal)?.whole.attribute,
                    mask: mask.bits().into(),
                }),
                AttributeValue::UsageLimits(_) => filter.at_least(index::rows_of(&instance, seal)?),
                value => match item_of(value, tag)? {
                    item if matches!(item.value, Value::Structure(_)) && !is_whole(tag, &instance) => {
                        filter.part(item, rules.multiple_instances, seal)?;
                    }
                    _ => filter.equals(index::rows_of(&instance, seal)?),
                },
            }
        }
        for (tag, dates) in dates {
            filter.date(tag, &dates)?;
        }
        Ok(filter)
    }

    /// Adds that one instance of an attribute has these fields, whatever its others are: "all of the structure fields are not
    /// REQUIRED to be specified" (1.4 §4.9).
    ///
    /// # Errors
    ///
    /// When the version has no such attribute.
    pub(crate) fn with_part(&mut self, part: Item, version: Version, seal: &Seal) -> Result<(), Failure> {
        let Some(rules) = attribute_info(part.tag).and_then(|info| info.rules_in(version)) else {
            return Err(Failure::new(
                Kind::InvalidAttribute,
                format!("{} is no attribute in KMIP {version}", part.tag),
            ));
        };
        self.part(part, rules.multiple_instances, seal)
    }

    fn part(&mut self, part: Item, multiple: bool, seal: &Seal) -> Result<(), Failure> {
        let rows = index::rows_of_part(&part, seal)?;
        // The rows don't say which instance they are of, and not all fields have one.
        if rows.fields.is_empty() || rows.has_more || (rows.fields.len() > 1 && multiple) {
            self.closer.push(part);
        }
        for row in rows.fields {
            self.conditions.push(Condition::Equals { attribute: row.attribute, value: row.value });
        }
        Ok(())
    }

    /// Adds that a Boolean attribute is set.
    pub(crate) fn is_set(&mut self, value: AttributeValue, seal: &Seal) -> Result<(), Failure> {
        self.equals(index::rows_of(&AttributeInstance::from_value(value), seal)?);
        Ok(())
    }

    /// Whether the objects found have to be looked at one by one.
    pub(crate) fn is_inexact(&self) -> bool {
        !(self.closer.is_empty() && self.absent.is_empty())
    }

    /// Whether an object that was found is one that is looked for.
    pub(crate) fn matches(&self, attributes: &AttributeSet) -> Result<bool, Failure> {
        for part in &self.closer {
            let mut found = false;
            for instance in attributes.all(&AttributeId::Standard(part.tag)) {
                found |= has_part(&item_of(&instance.value, part.tag)?, part);
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(self.absent.iter().all(|id| attributes.all(id).next().is_none()))
    }

    fn equals(&mut self, rows: Rows) {
        self.conditions.push(Condition::Equals { attribute: rows.whole.attribute, value: rows.whole.value });
    }

    /// Usage Limits: Count and Total "equal to or larger than the values specified", the Unit the same.
    fn at_least(&mut self, rows: Rows) {
        for row in rows.fields {
            self.conditions.push(match row.value {
                IndexValue::Integer(from) if !row.attribute.ends_with("Unit") => {
                    Condition::Range { attribute: row.attribute, from, to: i64::MAX }
                }
                value => Condition::Equals { attribute: row.attribute, value },
            });
        }
    }

    /// One date is that date, two are the ends of a range. The largest possible one stands for none at all.
    fn date(&mut self, tag: Tag, dates: &[DateTime]) -> Result<(), Failure> {
        let attribute = tag.to_string();
        match dates {
            [DateTime(i64::MAX)] => self.absent.push(AttributeId::Standard(tag)),
            [date] => {
                self.conditions.push(Condition::Equals { attribute, value: IndexValue::Integer(date.0) })
            }
            [one, other] => {
                let (from, to) = (one.0.min(other.0), one.0.max(other.0));
                self.conditions.push(Condition::Range { attribute, from, to });
            }
            _ => {
                return Err(Failure::new(
                    Kind::InvalidField,
                    format!("{tag} is given more than twice: two are a range"),
                ));
            }
        }
        Ok(())
    }
}

/// Whether a structure has all the fields of another.
fn has_part(whole: &Item, part: &Item) -> bool {
    match (&whole.value, &part.value) {
        (Value::Structure(has), Value::Structure(wanted)) => wanted.iter().all(|field| has.contains(field)),
        (has, wanted) => has == wanted,
    }
}

/// The value as generic items.
fn item_of(value: &AttributeValue, tag: Tag) -> Result<Item, Failure> {
    let version = record::written_in(tag);
    Ok(ttlv::decode(&ttlv::encode(value, tag, version)?.into(), tag, version, Mode::Lenient)?)
}

/// Whether the value has every field that it can have, so that it is found as a whole.
fn is_whole(tag: Tag, instance: &AttributeInstance) -> bool {
    match &instance.value {
        AttributeValue::ApplicationSpecificInformation(information) => information.application_data.is_some(),
        _ => matches!(
            tag,
            Tag::Name
                | Tag::Link
                | Tag::AlternativeName
                | Tag::KeyValueLocation
                | Tag::X_509CertificateIdentifier
        ),
    }
}
