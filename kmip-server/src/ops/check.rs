use kmip::ttlv::Tag;
use kmip::types::{AttributeValue, CheckRequest, CheckResponse, ObjectType, Operation, UniqueIdentifier};

use crate::engine::{Context, Failure, Kind, Managed, usage_mask};

/// Check: may the client use the object so (KMIP 1.4 §4.10, 2.0 §6.1.7)?
///
/// If not, the answer is a failure whose message says what stands in the way: a failed item has no payload, for clients
/// that can't read one there.
pub(super) fn check(cx: &mut Context<'_>, request: CheckRequest) -> Result<CheckResponse, Failure> {
    let result = look(cx, request);
    if result.is_err() {
        cx.clear_placeholder();
    }
    result
}

fn look(cx: &mut Context<'_>, request: CheckRequest) -> Result<CheckResponse, Failure> {
    let identifier = cx.target(request.unique_identifier.clone())?;
    let object = cx.object(&identifier, Operation::Check)?;
    if object.object_type() == ObjectType::Template {
        return Err(Failure::new(Kind::WrongObjectType, "a template is not used for anything"));
    }
    let refusals = [usage_limits(&object, &request)?, mask(&object, &request), lease(&object, &request)];
    let mut refusals = refusals.into_iter().flatten();
    if let Some((kind, first)) = refusals.next() {
        let all = refusals.fold(first, |all, (_, next)| format!("{all}; {next}"));
        return Err(Failure::new(kind, all));
    }
    cx.returns(&identifier);
    Ok(CheckResponse {
        unique_identifier: Some(UniqueIdentifier::TextString(identifier)),
        ..CheckResponse::new()
    })
}

/// What stands in the way of a use, if something does.
type Refusal = Option<(Kind, String)>;

fn usage_limits(object: &Managed, request: &CheckRequest) -> Result<Refusal, Failure> {
    let Some(wanted) = request.usage_limits_count else { return Ok(None) };
    if wanted < 0 {
        return Err(Failure::new(Kind::InvalidField, "the Usage Limits Count is below zero"));
    }
    let Some(AttributeValue::UsageLimits(limits)) = object.attributes.get(Tag::UsageLimits) else {
        return Ok(None);
    };
    let left = limits.usage_limits_count.unwrap_or_default();
    Ok((wanted > left)
        .then(|| (Kind::Allocation, format!("of the Usage Limits there are {left} units left"))))
}

fn mask(object: &Managed, request: &CheckRequest) -> Refusal {
    let wanted = request.cryptographic_usage_mask?;
    let missing = wanted - usage_mask(&object.attributes).unwrap_or_default();
    (!missing.is_empty())
        .then(|| (Kind::UsageMask, "the Cryptographic Usage Mask does not have all of these uses".to_owned()))
}

/// A lease of 0 never ends (1.4 §4.17), whoever grants it or asks for it.
fn lease(object: &Managed, request: &CheckRequest) -> Refusal {
    let wanted = request.lease_time?.0;
    let Some(AttributeValue::LeaseTime(lease)) = object.attributes.get(Tag::LeaseTime) else { return None };
    let lease = lease.0;
    (lease != 0 && (wanted == 0 || wanted > lease))
        .then(|| (Kind::NoLease, format!("the Lease Time is {lease} seconds at the most")))
}
