use kmip::ttlv::Tag;
use kmip::types::{
    AttributeValue, ObjectType, Operation, RevocationReasonCode, RevokeRequest, RevokeResponse, State,
    UniqueIdentifier,
};

use crate::engine::{Context, Failure, Kind, date};

/// Revoke: an object becomes compromised, or is deactivated for another reason (KMIP 1.4 §4.20, 2.0 §6.1.40).
pub(super) fn revoke(cx: &mut Context<'_>, request: RevokeRequest) -> Result<RevokeResponse, Failure> {
    let code = request.revocation_reason.revocation_reason_code;
    if !code.is_in(cx.version()) {
        return Err(Failure::new(Kind::InvalidField, format!("{code} is no Revocation Reason Code")));
    }
    let is_compromise =
        matches!(code, RevocationReasonCode::KeyCompromise | RevocationReasonCode::CACompromise);
    if !is_compromise && request.compromise_occurrence_date.is_some() {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("a Compromise Occurrence Date is given, but the reason is {code}"),
        ));
    }
    let identifier = cx.target(request.unique_identifier)?;
    let now = cx.now();
    cx.change(&identifier, Operation::Revoke, |object| {
        if object.object_type() == ObjectType::Template {
            return Err(Failure::new(Kind::WrongObjectType, "a template cannot be revoked"));
        }
        let Some(state) = object.state() else {
            return Err(Failure::new(Kind::WrongObjectType, "objects of this type have no state"));
        };
        // The transitions of 1.4 §3.22.
        let next = match (is_compromise, state) {
            (true, State::PreActive | State::Active | State::Deactivated) => State::Compromised,
            (true, State::Destroyed) => State::DestroyedCompromised,
            (false, State::Active) => State::Deactivated,
            _ => {
                return Err(Failure::new(
                    Kind::WrongState,
                    format!("an object in state {state} cannot be revoked for reason {code}"),
                ));
            }
        };
        let attributes = &mut object.attributes;
        attributes.set(AttributeValue::State(next));
        attributes.set(AttributeValue::RevocationReason(request.revocation_reason.clone()));
        if is_compromise {
            let occurred = request.compromise_occurrence_date.or_else(|| date(attributes, Tag::InitialDate));
            attributes.set(AttributeValue::CompromiseOccurrenceDate(occurred.unwrap_or(now)));
            attributes.set(AttributeValue::CompromiseDate(now));
        } else {
            attributes.set(AttributeValue::DeactivationDate(now));
        }
        Ok(())
    })?;
    cx.returns(&identifier);
    Ok(RevokeResponse::new(UniqueIdentifier::TextString(identifier)))
}
