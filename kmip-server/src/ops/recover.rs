use kmip::ttlv::Tag;
use kmip::types::{AttributeId, Operation, RecoverRequest, RecoverResponse, UniqueIdentifier};

use crate::engine::{Context, Failure};

/// Recover: an archived object is on line again (KMIP 1.4 §4.23, 2.0 §6.1.38). One that always was is as it should be.
pub(super) fn recover(cx: &mut Context<'_>, request: RecoverRequest) -> Result<RecoverResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let is_archived = cx.object(&identifier, Operation::Recover)?.attributes.get(Tag::ArchiveDate).is_some();
    if is_archived {
        cx.change(&identifier, Operation::Recover, |object| {
            object.attributes.remove(&AttributeId::Standard(Tag::ArchiveDate));
            Ok(())
        })?;
    }
    cx.set_placeholder(&identifier);
    cx.returns(&identifier);
    Ok(RecoverResponse::new(UniqueIdentifier::TextString(identifier)))
}
