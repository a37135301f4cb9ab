use kmip::types::{AddAttributeRequest, AddAttributeResponse, Operation, UniqueIdentifier};

use super::attribute_forms::{named, new, shown};
use crate::engine::{Change, Context, Failure, Kind};

/// Add Attribute: one more attribute, or one more instance of one (KMIP 1.4 §4.14, 2.0 §6.1.2).
pub(super) fn add_attribute(
    cx: &mut Context<'_>,
    request: AddAttributeRequest,
) -> Result<AddAttributeResponse, Failure> {
    let mut instance = match (request.attribute, request.new_attribute) {
        (Some(attribute), _) => {
            let (instance, index) = named(attribute)?;
            // 1.4 §4.14: the server numbers it.
            if index.is_some() {
                return Err(Failure::new(Kind::InvalidField, "a new attribute is given no Attribute Index"));
            }
            instance
        }
        (None, Some(attribute)) => new(attribute),
        (None, None) => return Err(Failure::missing("the attribute")),
    };
    cx.resolve(&mut instance.value)?;
    let identifier = cx.target(request.unique_identifier)?;
    let (version, now) = (cx.version(), cx.now());
    let attribute = cx.change(&identifier, Operation::AddAttribute, |object| {
        let mut change = Change::new(object, version, now);
        let index = change.add(instance.clone())?;
        change.settle()?;
        Ok(shown(object, &instance.id, index, version))
    })?;
    cx.returns(&identifier);
    let attribute = attribute.filter(|_| AddAttributeResponse::has_attribute(version));
    Ok(AddAttributeResponse {
        attribute,
        ..AddAttributeResponse::new(UniqueIdentifier::TextString(identifier))
    })
}
