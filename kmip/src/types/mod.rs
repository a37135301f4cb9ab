//! The types that the tables describe, and what belongs to them.
//!
//! Structures, enumerations and payloads are generated from `spec/`; `cargo gen emit` prints them. Each says which
//! versions have it and where the specification defines it. All versions are in one type: a field that a version doesn't
//! have is an `Option`, and writing a message with a field that its version lacks is an error that names the field.

mod attribute_name;
pub mod attribute_set;
mod credential;
pub mod message;
mod requests;
pub mod rules;
mod tag_names;
mod wanted;

mod generated {
    //! What `build.rs` wrote; nothing else.

    pub(super) mod enumerations {
        include!(concat!(env!("OUT_DIR"), "/tags.rs"));
        include!(concat!(env!("OUT_DIR"), "/enums.rs"));
        include!(concat!(env!("OUT_DIR"), "/masks.rs"));
        include!(concat!(env!("OUT_DIR"), "/for_each.rs"));
    }
    pub(super) mod structures {
        include!(concat!(env!("OUT_DIR"), "/structures.rs"));
    }
    pub(super) mod operations {
        include!(concat!(env!("OUT_DIR"), "/operations.rs"));
    }
}

/// The protocol versions.
pub mod version {
    include!(concat!(env!("OUT_DIR"), "/version.rs"));

    /// The oldest version that the tables describe.
    pub const OLDEST: crate::ttlv::Version = V1_0;
}

/// The generated tables: names, attribute rules, operations.
pub mod tables {
    use super::rules::{AttributeInfo, OperationInfo};
    use crate::ttlv::{Tag, names::Names};

    include!(concat!(env!("OUT_DIR"), "/names.rs"));
    include!(concat!(env!("OUT_DIR"), "/attributes.rs"));
    include!(concat!(env!("OUT_DIR"), "/operation_info.rs"));
    include!(concat!(env!("OUT_DIR"), "/facts.rs"));

    /// The names of all tags and values, for what works with any tables.
    pub static NAMES: Names = Names {
        tags: TAGS,
        attribute_tag,
        attribute_name: Tag::AttributeName,
        attribute_value: Tag::AttributeValue,
    };

    /// The attribute with this tag.
    pub fn attribute_info(tag: Tag) -> Option<&'static AttributeInfo> {
        ATTRIBUTES.iter().find(|info| info.tag == tag)
    }

    /// The operation with this code.
    pub fn operation_info(operation: super::Operation) -> Option<&'static OperationInfo> {
        OPERATIONS.iter().find(|info| info.operation == operation)
    }

    /// The format of keys for which none is asked: that of keys of their algorithm, or of keys of their type.
    ///
    /// ```
    /// use kmip::types::{CryptographicAlgorithm, KeyFormatType, ObjectType, tables::default_key_format, version::V2_0};
    ///
    /// let format = default_key_format(ObjectType::PrivateKey, Some(CryptographicAlgorithm::RSA), V2_0);
    /// assert_eq!(format, Some(KeyFormatType::PKCS_1));
    /// ```
    pub fn default_key_format(
        object_type: super::ObjectType,
        algorithm: Option<super::CryptographicAlgorithm>,
        version: crate::ttlv::Version,
    ) -> Option<super::KeyFormatType> {
        let formats = || {
            KEY_FORMATS
                .iter()
                .filter(|entry| entry.object_type == object_type && entry.versions.contains(version))
        };
        let of_algorithm = |algorithm| formats().find(|entry| entry.algorithms.contains(&algorithm));
        let of_type = || formats().find(|entry| entry.algorithms.is_empty());
        Some(algorithm.and_then(of_algorithm).or_else(of_type)?.format)
    }
}

pub use self::{
    attribute_name::AttributeName,
    attribute_set::{AttributeId, AttributeInstance, AttributeSet},
    generated::{enumerations::*, operations::*, structures::*},
    requests::Request,
};
