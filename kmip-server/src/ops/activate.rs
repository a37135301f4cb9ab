use kmip::types::{ActivateRequest, ActivateResponse, AttributeValue, Operation, State, UniqueIdentifier};

use crate::engine::{Context, Failure, Kind};

/// Activate: a Pre-Active object becomes Active now (KMIP 1.4 §4.19, 2.0 §6.1.1).
pub(super) fn activate(cx: &mut Context<'_>, request: ActivateRequest) -> Result<ActivateResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let now = cx.now();
    let version = cx.version();
    cx.change(&identifier, Operation::Activate, |object| {
        // 1.4 §11.20: a template "or other object that is not able to be activated" is one without a State.
        let has_state = object.view(version).ids().contains(&&super::STATE);
        match object.state() {
            Some(State::PreActive) if has_state => {}
            Some(state) if has_state => {
                return Err(Failure::new(
                    Kind::WrongState,
                    format!("the object is in state {state}, not Pre-Active"),
                ));
            }
            _ => return Err(Failure::new(Kind::WrongObjectType, "objects of this type have no state")),
        }
        object.attributes.set(AttributeValue::State(State::Active));
        object.attributes.set(AttributeValue::ActivationDate(now));
        Ok(())
    })?;
    cx.returns(&identifier);
    Ok(ActivateResponse::new(UniqueIdentifier::TextString(identifier)))
}
