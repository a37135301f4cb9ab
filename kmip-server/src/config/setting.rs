//! What is known of a setting beside its value: enough to document it, and to take it from a command line or an
//! environment variable.

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its section, empty for those that stand before the first.
    pub section: &'static str,
    /// Its name in the section.
    pub name: &'static str,
    /// What it is, a line each.
    pub about: &'static [&'static str],
    /// What it is when nobody says; none if it has to be said, or isn't set then.
    pub default: Option<&'static str>,
    /// A value for the documentation where the default is none.
    pub example: &'static str,
    /// How its value is written outside of a file.
    pub kind: Kind,
}

/// How the text of a value on the command line or in the environment is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    Text,
    /// As it stands: a path, which a file means relative to its own folder.
    Path,
    /// As it stands: a store's address, in which there may be a path.
    Store,
    /// As it stands: where a key comes from, in which there may be a path.
    Key,
    /// As a value of TOML.
    Value,
    /// Several texts: separated by commas, or given several times.
    List,
}

impl Setting {
    /// Its full name: `section.name`.
    pub fn key(&self) -> String {
        match self.section {
            "" => self.name.to_owned(),
            section => format!("{section}.{}", self.name),
        }
    }

    /// Its environment variable.
    pub fn variable(&self) -> String {
        format!("KMIP_SERVER_{}", self.key().replace('.', "_").to_uppercase())
    }

    /// Its long option on the command line, without the hyphens.
    pub fn flag(&self) -> String {
        self.key().replace(['.', '_'], "-")
    }
}

/// Several texts, or one that stands for a list of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = sequence.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }

        from.deserialize_any(OneOrMore)
    }
}

/// A section of the file: the structure that it is read into, and what is known of its settings.
macro_rules! section {
    (
        $(#[$about:meta])*
        $vis:vis struct $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty, $kind:ident, $example:literal $(= $default:literal)?;
            )*
            $( sections { $( $inner:ident: $inner_type:ty, )* } )?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        $vis struct $name {
            $( pub(super) $field: Option<$type>, )*
            $( $( pub(super) $inner: $inner_type, )* )?
        }

        impl $name {
            /// The settings of this section, in the order of the documentation.
            const SETTINGS: &[$crate::config::Setting] = &[
                $( $crate::config::Setting {
                    section: $section,
                    name: stringify!($field),
                    about: &[$($doc),+],
                    default: section!(@default $($default)?),
                    example: $example,
                    kind: $crate::config::Kind::$kind,
                }, )*
            ];
        }
    };
    (@default $default:literal) => { Some($default) };
    (@default) => { None };
}

pub(super) use section;
