//! The conditions of attribute rules: whether an object, as it is now, lets a client change an attribute.

use kmip::ttlv::{DateTime, Tag};
use kmip::types::rules::Rule;
use kmip::types::{AttributeId, AttributeSet, AttributeValue, State};

use crate::engine::{Failure, Kind, lifecycle};

/// Checks that a rule lets the client do what it is about.
///
/// # Errors
///
/// When it doesn't: never, or not as the object is now.
pub(super) fn check(
    rule: Rule,
    id: &AttributeId,
    attributes: &AttributeSet,
    now: DateTime,
) -> Result<(), Failure> {
    let keyword = match rule {
        Rule::Yes => return Ok(()),
        Rule::No => return Err(read_only(id)),
        Rule::When(keyword) => keyword,
    };
    // Objects without a State (templates) have no time at which their dates are settled.
    let state = lifecycle::state(attributes).unwrap_or(State::PreActive);
    let is_open = matches!(state, State::PreActive | State::Active);
    let is_ahead = |tag| lifecycle::date(attributes, tag).is_none_or(|date| date > now);
    let (holds, why) = match keyword {
        "client-created" => (!is_servers(id), "is the server's, as its name says"),
        "pre-active" => (state == State::PreActive, "is settled once the object is no longer Pre-Active"),
        "pre-active-or-active" => (is_open, "is settled once the object is neither Pre-Active nor Active"),
        "process-start-ahead" => (is_open && is_ahead(Tag::ProcessStartDate), "is settled once it has come"),
        "protect-stop-ahead" => (is_open && is_ahead(Tag::ProtectStopDate), "is settled once it has come"),
        "unallocated" | "total-and-unit-unallocated" => {
            (is_unallocated(attributes), "is settled once a part of it is allocated")
        }
        // A table that says more than this file knows allows less.
        _ => return Err(read_only(id)),
    };
    if holds { Ok(()) } else { Err(Failure::new(Kind::WrongState, format!("{id} {why}"))) }
}

/// Whether the attribute is one of the server's own (1.4 §3.39, 2.0 §4.53).
pub(super) fn is_servers(id: &AttributeId) -> bool {
    matches!(id, AttributeId::Vendor { vendor, .. } if vendor.as_str() == "y")
}

/// The failure for an attribute that clients can't change.
#[cold]
pub(super) fn read_only(id: &AttributeId) -> Failure {
    Failure::new(Kind::AttributeReadOnly, format!("{id} cannot be changed by clients"))
}

/// Whether all that the Usage Limits grant is still there.
fn is_unallocated(attributes: &AttributeSet) -> bool {
    match attributes.get(Tag::UsageLimits) {
        Some(AttributeValue::UsageLimits(limits)) => limits.usage_limits_count == limits.usage_limits_total,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use kmip::types::tables::{ATTRIBUTES, CONDITIONS};

    use super::*;

    /// What the tables may say of clients is decided here, not refused for want of an answer.
    #[test]
    fn every_condition_of_the_tables_is_known() {
        let mut seen = Vec::new();
        for info in ATTRIBUTES {
            for rules in info.rules {
                for rule in [rules.modifiable_by_client, rules.deletable_by_client] {
                    let Rule::When(keyword) = rule else { continue };
                    assert!(CONDITIONS.iter().any(|(known, _)| *known == keyword), "{keyword}");
                    let id = AttributeId::Standard(info.tag);
                    assert!(check(rule, &id, &AttributeSet::new(), DateTime(0)).is_ok(), "{keyword}");
                    seen.push(keyword);
                }
            }
        }
        assert!(seen.contains(&"pre-active") && seen.contains(&"unallocated"));
    }
}
