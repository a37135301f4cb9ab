//! Finding objects.

use super::{Call, is_1x, texts};
use crate::{
    ttlv::Text,
    types::{AttributeSet, LocateRequest, ObjectGroupMember, Operation, StorageStatusMask},
};

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// The attributes that an object has to have, all of them.
    pub attributes: AttributeSet,
    /// How many objects are wanted at most.
    pub maximum: Option<i32>,
    /// How many are left out before the first. Since KMIP 1.3.
    pub offset: Option<i32>,
    /// Whether to look among the objects that are at hand (if nothing is said) or in the archive.
    pub storage: Option<StorageStatusMask>,
    /// Whether the object is to be a fresh one of its group, or the default one. Since KMIP 1.1.
    pub group_member: Option<ObjectGroupMember>,
}

impl From<AttributeSet> for Search {
    fn from(attributes: AttributeSet) -> Self {
        Self { attributes, ..Self::default() }
    }
}

/// What [`locate`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The identifiers of the objects, at most as many as were asked for.
    pub ids: Vec<Text>,
    /// How many objects there are, if the server says (since KMIP 1.3).
    pub total: Option<i32>,
}

/// The objects that have all the attributes.
pub fn locate(search: impl Into<Search>) -> Call<Found> {
    let search = search.into();
    Call::new(
        move |version| {
            let mut request = LocateRequest {
                maximum_items: search.maximum,
                offset_items: search.offset,
                storage_status_mask: search.storage,
                object_group_member: search.group_member,
                ..LocateRequest::new()
            };
            if is_1x(version) {
                request.attribute = search.attributes.to_attribute_list();
            } else {
                request.attributes = Some(search.attributes.to_attributes());
            }
            Ok(request)
        },
        |response| {
            let ids = texts(response.unique_identifier, Operation::Locate)?;
            Ok(Found { ids, total: response.located_items })
        },
    )
}
