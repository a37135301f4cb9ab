use kmip::ttlv::Tag;
use kmip::types::{ArchiveRequest, ArchiveResponse, AttributeValue, Operation, UniqueIdentifier};

use crate::engine::{Context, Failure, Kind};

/// Archive: the object is put away until it is recovered (KMIP 1.4 §4.22, 2.0 §6.1.4). It stays in the same store, but
/// nothing is done with it, and only who asks for archived objects finds it.
pub(super) fn archive(cx: &mut Context<'_>, request: ArchiveRequest) -> Result<ArchiveResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let now = cx.now();
    cx.change(&identifier, Operation::Archive, |object| {
        if object.attributes.get(Tag::DestroyDate).is_some() {
            return Err(Failure::new(Kind::Destroyed, "the object is destroyed"));
        }
        object.attributes.set(AttributeValue::ArchiveDate(now));
        Ok(())
    })?;
    cx.returns(&identifier);
    Ok(ArchiveResponse::new(UniqueIdentifier::TextString(identifier)))
}
