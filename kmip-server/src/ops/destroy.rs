use kmip::ttlv::Tag;
use kmip::types::{
    AttributeId, AttributeValue, DestroyRequest, DestroyResponse, ObjectType, Operation, State,
    UniqueIdentifier,
};

use crate::engine::{Context, Failure, Kind};

/// Destroy: the key material goes, the attributes stay (KMIP 1.4 §4.21, 2.0 §6.1.15).
pub(super) fn destroy(cx: &mut Context<'_>, request: DestroyRequest) -> Result<DestroyResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let now = cx.now();
    cx.change(&identifier, Operation::Destroy, |object| {
        // Of a template, nothing stays (1.4 §4.21).
        let is_template = object.object_type() == ObjectType::Template;
        let next = match object.state() {
            // 1.4 §11.22 allows these three.
            Some(State::PreActive | State::Deactivated) => Some(State::Destroyed),
            Some(State::Compromised) => Some(State::DestroyedCompromised),
            Some(State::Destroyed | State::DestroyedCompromised) => {
                return Err(Failure::new(Kind::AlreadyDestroyed, "the object is destroyed already"));
            }
            Some(state) => {
                return Err(Failure::new(
                    Kind::WrongState,
                    format!(
                        "the object is in state {state}: it has to be revoked before it can be destroyed"
                    ),
                ));
            }
            None => None,
        };
        if is_template {
            let kept =
                [Tag::UniqueIdentifier, Tag::ObjectType, Tag::OperationPolicyName, Tag::LastChangeDate];
            let kept = kept.map(AttributeId::Standard);
            object.attributes =
                object.attributes.iter().filter(|instance| kept.contains(&instance.id)).cloned().collect();
        }
        if let Some(state) = next {
            object.attributes.set(AttributeValue::State(state));
        }
        object.attributes.set(AttributeValue::DestroyDate(now));
        object.wipe();
        Ok(())
    })?;
    cx.returns(&identifier);
    Ok(DestroyResponse::new(UniqueIdentifier::TextString(identifier)))
}
