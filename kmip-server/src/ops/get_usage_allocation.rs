use kmip::ttlv::Tag;
use kmip::types::{
    AttributeValue, CryptographicUsageMask as Mask, GetUsageAllocationRequest, GetUsageAllocationResponse,
    Operation, UniqueIdentifier, UsageLimits,
};

use crate::engine::{Context, Failure, Kind, Use, check_use, usage_mask};

/// Get Usage Allocation: a part of what the key may still protect is set aside for the client (KMIP 1.4 §4.18, 2.0
/// §6.1.22). It counts as used.
pub(super) fn get_usage_allocation(
    cx: &mut Context<'_>,
    request: GetUsageAllocationRequest,
) -> Result<GetUsageAllocationResponse, Failure> {
    let wanted = request.usage_limits_count;
    if wanted < 0 {
        return Err(Failure::new(Kind::InvalidField, "the Usage Limits Count is below zero"));
    }
    let identifier = cx.target(request.unique_identifier)?;
    let now = cx.now();
    cx.change(&identifier, Operation::GetUsageAllocation, |object| {
        let attributes = &mut object.attributes;
        let Some(AttributeValue::UsageLimits(limits)) = attributes.get(Tag::UsageLimits) else {
            return Err(Failure::new(Kind::Unlimited, "the object has no Usage Limits"));
        };
        let protects = Mask::Encrypt | Mask::Sign | Mask::WrapKey | Mask::MACGenerate | Mask::DeriveKey;
        if !usage_mask(attributes).is_some_and(|mask| mask.intersects(protects)) {
            return Err(Failure::new(
                Kind::WrongObjectType,
                "the Cryptographic Usage Mask has no use that protects anything",
            ));
        }
        check_use(attributes, Use::Protect, now)?;
        let left = limits.usage_limits_count.unwrap_or_default();
        let Some(rest) = left.checked_sub(wanted).filter(|rest| *rest >= 0) else {
            return Err(Failure::new(
                Kind::Allocation,
                format!("{wanted} units cannot be allocated: there are {left} left"),
            ));
        };
        let limits = UsageLimits { usage_limits_count: Some(rest), ..limits.clone() };
        attributes.set(AttributeValue::UsageLimits(limits));
        Ok(())
    })?;
    cx.returns(&identifier);
    Ok(GetUsageAllocationResponse::new(UniqueIdentifier::TextString(identifier)))
}
