//! What can be written in more than one way: `true` or a gate, yes or a keyword, a list or `none`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::Field;
use crate::version::Version;

/// A column that says yes, no, or under which condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Yes,
    No,
    When(String),
}

/// The fields of a payload, or that there is none.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    None,
    Fields(Vec<Field>),
}

/// `true`, `false` or a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flag {
    #[default]
    Never,
    Gated {
        since: Option<Version>,
        until: Option<Version>,
    },
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Gated {
            since: Option<Version>,
            until: Option<Version>,
        }

        impl<'de> Visitor<'de> for Either {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a gate such as { since: v1.2 }")
            }

            fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Flag, E> {
                Ok(if yes { Flag::Gated { since: None, until: None } } else { Flag::Never })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Flag, A::Error> {
                let Gated { since, until } = Gated::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Flag::Gated { since, until })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct When {
            when: String,
        }

        impl<'de> Visitor<'de> for Either {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or { when: keyword }")
            }

            fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Rule, E> {
                Ok(if yes { Rule::Yes } else { Rule::No })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rule, A::Error> {
                Ok(Rule::When(When::deserialize(de::value::MapAccessDeserializer::new(map))?.when))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Payload;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of fields, or none")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Payload, E> {
                match text {
                    "none" => Ok(Payload::None),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, fields: A) -> Result<Payload, A::Error> {
                Deserialize::deserialize(de::value::SeqAccessDeserializer::new(fields)).map(Payload::Fields)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
