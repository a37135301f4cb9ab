//! Policy files: JSON as PyKMIP's documentation describes it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::names;
use super::policy::{Permission, Policy, Table};

/// Why a text is no policy file, with line and column.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(#[from] serde_json::Error);

/// The policies of a file, by name.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Policy>, PolicyError> {
    let Named(policies) = serde_json::from_str(text)?;
    Ok(policies)
}

/// A JSON object whose keys are free, none of them twice.
struct Named<T>(BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let value = map.next_value()?;
                    if entries.insert(name.clone(), value).is_some() {
                        return Err(M::Error::custom(format!("{name:?} stands here twice")));
                    }
                }
                Ok(Named(entries))
            }
        }

        from.deserialize_map(Entries(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Sections {
            preset: Option<Table>,
            groups: Option<Named<Table>>,
        }

        let sections = Sections::deserialize(from)?;
        if sections.preset.is_none() && sections.groups.is_none() {
            return Err(D::Error::custom("a policy has a `preset`, `groups`, or both"));
        }
        Ok(Self { preset: sections.preset, groups: sections.groups.map(|Named(groups)| groups) })
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Types;

        impl<'de> Visitor<'de> for Types {
            type Value = Table;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of object types")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Table, M::Error> {
                let mut table = Table::default();
                while let Some(name) = map.next_key::<String>()? {
                    let object_type = names::object_type(&name)
                        .ok_or_else(|| M::Error::custom(format!("{name:?} is no object type")))?;
                    let Named(operations) = map.next_value::<Named<String>>()?;
                    for (name, permission) in operations {
                        let operation = names::operation(&name)
                            .ok_or_else(|| M::Error::custom(format!("{name:?} is no operation")))?;
                        let permission: Permission = names::permission(&permission).ok_or_else(|| {
                            M::Error::custom(format!(
                                "{permission:?} is no permission: use ALLOW_ALL, ALLOW_OWNER or DISALLOW_ALL"
                            ))
                        })?;
                        table.set(object_type, operation, permission);
                    }
                }
                Ok(table)
            }
        }

        from.deserialize_map(Types)
    }
}
