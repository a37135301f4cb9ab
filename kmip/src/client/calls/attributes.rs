//! The attributes of objects.

use super::{Call, Error, Id, Result, in_version, is_1x};
use crate::{
    ttlv::{Item, Tag, Value, Version},
    types::{
        AddAttributeRequest, AdjustAttributeRequest, AdjustmentType, Attribute, AttributeId, AttributeName,
        AttributeReference, AttributeSet, CurrentAttribute, DeleteAttributeRequest, GetAttributeListRequest,
        GetAttributesRequest, ModifyAttributeRequest, NewAttribute, SetAttributeRequest,
        attribute_set::AttributeInstance,
    },
};

/// Which instance of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// The first one, with index 0; from KMIP 2.0 on all of them.
    Id(AttributeId),
    /// The one with this index; there are none from KMIP 2.0 on.
    Index(AttributeId, i32),
    /// The one with this index before KMIP 2.0, and with this value from then on.
    Instance(AttributeInstance),
}

impl From<AttributeId> for Which {
    fn from(id: AttributeId) -> Self {
        Self::Id(id)
    }
}

impl From<AttributeInstance> for Which {
    fn from(instance: AttributeInstance) -> Self {
        Self::Instance(instance)
    }
}

/// Attributes of an object: those named, or all if none is. An attribute that the object doesn't have is left out.
pub fn get_attributes(id: impl Into<Id>, which: &[AttributeId]) -> Call<AttributeSet> {
    let (id, which) = (id.into(), which.to_vec());
    Call::new(
        move |version| {
            in_version(&which, version)?;
            let mut request =
                GetAttributesRequest { unique_identifier: id.optional(), ..GetAttributesRequest::new() };
            if is_1x(version) {
                request.attribute_name = which.iter().map(AttributeId::to_name).collect();
            } else {
                request.attribute_reference = which.iter().map(AttributeId::to_reference).collect();
            }
            Ok(request)
        },
        |response| {
            Ok(match response.attributes {
                Some(attributes) => AttributeSet::from_attributes(attributes),
                None => from_list(response.attribute),
            })
        },
    )
}

/// The set that a list of 1.x attributes is.
pub(super) fn from_list(attributes: Vec<Attribute>) -> AttributeSet {
    let mut set = AttributeSet::new();
    attributes.into_iter().filter_map(AttributeInstance::from_attribute).for_each(|one| set.push(one));
    set
}

/// Which attributes an object has.
pub fn get_attribute_list(id: impl Into<Id>) -> Call<Vec<AttributeId>> {
    let id = id.into().optional();
    let request = GetAttributeListRequest { unique_identifier: id, ..GetAttributeListRequest::new() };
    Call::from(request).map(|response| {
        let names = response.attribute_name.iter().map(|name: &AttributeName| AttributeId::from_name(name));
        let reference = |reference: &AttributeReference| AttributeId::from_reference(reference);
        names.chain(response.attribute_reference.iter().filter_map(reference)).collect()
    })
}

/// Adds an instance of an attribute; the attribute as it is then, where the server says (before KMIP 2.0).
pub fn add_attribute(
    id: impl Into<Id>,
    attribute: impl Into<AttributeInstance>,
) -> Call<Option<AttributeInstance>> {
    let (id, attribute) = (id.into(), attribute.into());
    Call::new(
        move |version| {
            let (attribute, new_attribute) = one(&attribute, version)?;
            let request =
                AddAttributeRequest { unique_identifier: id.optional(), ..AddAttributeRequest::new() };
            Ok(AddAttributeRequest { attribute, new_attribute, ..request })
        },
        |response| Ok(response.attribute.and_then(AttributeInstance::from_attribute)),
    )
}

/// Changes the value of an attribute; the attribute as it is then, where the server says (before KMIP 2.0).
///
/// Before KMIP 2.0, it is the instance with the index of `new` that changes. From then on it is the one with the value
/// of `current`, which may be left out where the attribute has a single one.
pub fn modify_attribute(
    id: impl Into<Id>,
    new: impl Into<AttributeInstance>,
    current: impl Into<Option<AttributeInstance>>,
) -> Call<Option<AttributeInstance>> {
    let (id, new, current) = (id.into(), new.into(), current.into());
    Call::new(
        move |version| {
            let (attribute, new_attribute) = one(&new, version)?;
            let current = current.filter(|_| !is_1x(version));
            let request =
                ModifyAttributeRequest { unique_identifier: id.optional(), ..ModifyAttributeRequest::new() };
            Ok(ModifyAttributeRequest {
                attribute,
                current_attribute: current.map(|current| CurrentAttribute::new(current.to_value())),
                new_attribute,
                ..request
            })
        },
        |response| Ok(response.attribute.and_then(AttributeInstance::from_attribute)),
    )
}

/// Gives an attribute a single value, whether it has one or not. Since KMIP 2.0.
pub fn set_attribute(id: impl Into<Id>, attribute: impl Into<AttributeInstance>) -> Call<()> {
    let new = NewAttribute::new(attribute.into().to_value());
    let id = id.into().optional();
    Call::from(SetAttributeRequest { unique_identifier: id, ..SetAttributeRequest::new(new) }).map(drop)
}

/// Takes an attribute, or an instance of it, away; the instance as it was, where the server says (before KMIP 2.0).
pub fn delete_attribute(id: impl Into<Id>, which: impl Into<Which>) -> Call<Option<AttributeInstance>> {
    let (id, which) = (id.into(), which.into());
    Call::new(
        move |version| {
            let mut request =
                DeleteAttributeRequest { unique_identifier: id.optional(), ..DeleteAttributeRequest::new() };
            let (id, index, instance) = match which {
                Which::Id(id) => (id, None, None),
                Which::Index(id, index) => (id, Some(index), None),
                Which::Instance(instance) => (instance.id.clone(), None, Some(instance)),
            };
            in_version([&id], version)?;
            match instance {
                Some(instance) if !is_1x(version) => {
                    request.current_attribute = Some(CurrentAttribute::new(instance.to_value()));
                }
                Some(instance) => {
                    request.attribute_name = Some(id.to_name());
                    request.attribute_index = Some(instance.index);
                }
                None if is_1x(version) => {
                    request.attribute_name = Some(id.to_name());
                    request.attribute_index = index;
                }
                None => {
                    // That KMIP 2.0 has no index is for the encoder to say.
                    request.attribute_reference = Some(id.to_reference());
                    request.attribute_index = index;
                }
            }
            Ok(request)
        },
        |response| Ok(response.attribute.and_then(AttributeInstance::from_attribute)),
    )
}

/// Changes a number or truth value by an amount (1, if none is given), or negates it. Since KMIP 2.0.
pub fn adjust_attribute(
    id: impl Into<Id>,
    which: AttributeId,
    adjustment: AdjustmentType,
    amount: impl Into<Option<Value>>,
) -> Call<()> {
    Call::from(AdjustAttributeRequest {
        unique_identifier: id.into().optional(),
        adjustment_value: amount.into().map(|value| Item { tag: Tag::AdjustmentValue, value }),
        ..AdjustAttributeRequest::new(which.to_reference(), adjustment)
    })
    .map(drop)
}

/// The two wire forms of an attribute, of which a version has one.
fn one(
    attribute: &AttributeInstance,
    version: Version,
) -> Result<(Option<Attribute>, Option<NewAttribute>), Error> {
    in_version([&attribute.id], version)?;
    Ok(if is_1x(version) {
        (Some(attribute.to_attribute()), None)
    } else {
        (None, Some(NewAttribute::new(attribute.to_value())))
    })
}
