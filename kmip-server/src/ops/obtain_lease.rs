use kmip::ttlv::Tag;
use kmip::types::{
    AttributeValue, ObtainLeaseRequest, ObtainLeaseResponse, Operation, State, UniqueIdentifier,
};

use crate::engine::{Context, Failure, Kind, date};

/// Obtain Lease: how long the client may go on with what it knows of the object (KMIP 1.4 §4.17, 2.0 §6.1.34).
pub(super) fn obtain_lease(
    cx: &mut Context<'_>,
    request: ObtainLeaseRequest,
) -> Result<ObtainLeaseResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let object = cx.object(&identifier, Operation::ObtainLease)?;
    let Some(AttributeValue::LeaseTime(lease)) = object.attributes.get(Tag::LeaseTime) else {
        return Err(Failure::new(Kind::NoLease, "there is no lease on objects of this type"));
    };
    // Nobody goes on with a key that others have, or that is gone (official case TC-95).
    if let Some(state @ (State::Compromised | State::Destroyed | State::DestroyedCompromised)) =
        object.state()
    {
        return Err(Failure::new(
            Kind::NoLease,
            format!("the object is in state {state}, in which there is no lease on it"),
        ));
    }
    let Some(changed) = date(&object.attributes, Tag::LastChangeDate) else {
        return Err(Failure::internal(&"an object has no Last Change Date"));
    };
    let lease = *lease;
    cx.returns(&identifier);
    Ok(ObtainLeaseResponse::new(UniqueIdentifier::TextString(identifier), lease, changed))
}
