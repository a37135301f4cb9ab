//! The names of object types, operations and permissions in policy files.
//!
//! They are those of the tables in capitals, with underscores for whatever else is in them: `SYMMETRIC_KEY`,
//! `GET_ATTRIBUTE_LIST`. Underscores may be left out, which covers most of PyKMIP's own spellings (`REKEY`); the rest of
//! them is a table.

use kmip::types::{ObjectType, Operation, version};

use super::Permission;

/// The object type of this name.
pub(super) fn object_type(name: &str) -> Option<ObjectType> {
    let name = OBJECT_TYPES.iter().find(|(other, _)| *other == name).map_or(name, |(_, known)| known);
    version::ALL
        .iter()
        .flat_map(|version| ObjectType::all(*version))
        .find(|value| value.info().is_some_and(|info| is_spelled(name, info.name)))
}

/// The operation of this name.
pub(super) fn operation(name: &str) -> Option<Operation> {
    version::ALL
        .iter()
        .flat_map(|version| Operation::all(*version))
        .find(|value| value.info().is_some_and(|info| is_spelled(name, info.name)))
}

/// The permission of this name.
pub(super) fn permission(name: &str) -> Option<Permission> {
    Some(match name {
        "ALLOW_ALL" => Permission::AllowAll,
        "ALLOW_OWNER" => Permission::AllowOwner,
        "DISALLOW_ALL" => Permission::DisallowAll,
        _ => return None,
    })
}

/// Whether `spelling`, in capitals, says the same letters and digits as a printed name.
fn is_spelled(spelling: &str, printed: &str) -> bool {
    let letters = |text: &str| -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect()
    };
    !spelling.bytes().any(|byte| byte.is_ascii_lowercase()) && letters(spelling) == letters(printed)
}

/// PyKMIP's names of object types where they aren't the specification's.
const OBJECT_TYPES: [(&str, &str); 1] = [("OPAQUE_DATA", "OPAQUE_OBJECT")];
