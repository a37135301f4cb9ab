//! What tables say beside the items of messages: what operations make and require, key formats, behaviour.

use super::Sections;
use crate::error::Place;
use crate::version::Version;

/// A type of objects that an operation makes.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) object_type: String,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
}

/// An attribute that an operation's request must give.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Required {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) attribute: String,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
}

/// An entry of `key_formats.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFormat {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) object_type: String,
    #[serde(default)]
    pub(crate) algorithms: Vec<String>,
    pub(crate) format: String,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
}

/// An entry of `behaviour.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Behaviour {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
}
