//! The states of an object and its dates (KMIP 1.4 §3.22, 2.0 §4.50).

use kmip::ttlv::{DateTime, Tag};
use kmip::types::{AttributeSet, AttributeValue, State};

use super::{Failure, Kind};

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Applying protection: encryption, signing, wrapping.
    Protect,
    /// Deriving other keys. A base that was not activated yet will do: 1.4 §4.6 asks for the Derive Key bit alone, and
    /// clients (PyKMIP's documentation, for one) derive from passwords just registered.
    Derive,
    /// Undoing or checking it: decryption, verification, unwrapping.
    Process,
}

/// The state, where the object has one.
pub(super) fn state(attributes: &AttributeSet) -> Option<State> {
    match attributes.get(Tag::State) {
        Some(AttributeValue::State(state)) => Some(*state),
        _ => None,
    }
}

/// The date attribute with this tag.
pub(crate) fn date(attributes: &AttributeSet, tag: Tag) -> Option<DateTime> {
    attributes.get(tag).and_then(as_date)
}

/// The value, if it is a date.
pub(super) fn as_date(value: &AttributeValue) -> Option<DateTime> {
    use AttributeValue as V;
    match value {
        V::InitialDate(date)
        | V::ActivationDate(date)
        | V::ProcessStartDate(date)
        | V::ProtectStopDate(date)
        | V::DeactivationDate(date)
        | V::DestroyDate(date)
        | V::CompromiseOccurrenceDate(date)
        | V::CompromiseDate(date)
        | V::ArchiveDate(date)
        | V::LastChangeDate(date)
        | V::OriginalCreationDate(date) => Some(*date),
        _ => None,
    }
}

/// Whether the object is gone but for its attributes.
pub(crate) fn is_destroyed(state: State) -> bool {
    matches!(state, State::Destroyed | State::DestroyedCompromised)
}

/// Makes the changes of state whose time has come (transitions 4 and 6). Whether there were any.
///
/// The object changed when the time came, not when someone looked: that is its Last Change Date.
pub(super) fn advance(attributes: &mut AttributeSet, now: DateTime) -> bool {
    let mut changed = false;
    while let Some((when, next)) = next(attributes).filter(|(when, _)| *when <= now) {
        attributes.set(AttributeValue::State(next));
        let last = date(attributes, Tag::LastChangeDate).map_or(when, |last| last.max(when));
        attributes.set(AttributeValue::LastChangeDate(last));
        changed = true;
    }
    changed
}

/// When the state changes by itself next.
pub(super) fn due(attributes: &AttributeSet) -> Option<DateTime> {
    next(attributes).map(|(when, _)| when)
}

fn next(attributes: &AttributeSet) -> Option<(DateTime, State)> {
    match state(attributes)? {
        State::PreActive => Some((date(attributes, Tag::ActivationDate)?, State::Active)),
        State::Active => Some((date(attributes, Tag::DeactivationDate)?, State::Deactivated)),
        _ => None,
    }
}

/// Checks that the dates of an object follow one another (1.4 §3.24 to §3.27).
pub(super) fn check_dates(attributes: &AttributeSet) -> Result<(), Failure> {
    const ORDER: [(Tag, Tag); 5] = [
        (Tag::ActivationDate, Tag::ProcessStartDate),
        (Tag::ActivationDate, Tag::ProtectStopDate),
        (Tag::ActivationDate, Tag::DeactivationDate),
        (Tag::ProcessStartDate, Tag::DeactivationDate),
        (Tag::ProtectStopDate, Tag::DeactivationDate),
    ];
    for (earlier, later) in ORDER {
        if let (Some(first), Some(second)) = (date(attributes, earlier), date(attributes, later))
            && first > second
        {
            return Err(Failure::new(Kind::InvalidAttributeValue, format!("{earlier} is behind {later}")));
        }
    }
    Ok(())
}

/// Checks that state and dates let the key be used.
///
/// A deactivated or compromised key may still process what it once protected (1.4 §3.22: "SHOULD only be used to process
/// cryptographically-protected information"): whoever holds the right to use it is trusted to know what that means.
pub(crate) fn check_use(attributes: &AttributeSet, purpose: Use, now: DateTime) -> Result<(), Failure> {
    match (state(attributes), purpose) {
        (Some(State::Active), _) | (Some(State::PreActive), Use::Derive) => {}
        (Some(State::Deactivated | State::Compromised), Use::Process) => {}
        (Some(state), _) => {
            let message = format!("the object is in state {state}, in which it cannot be used for this");
            return Err(Failure::new(Kind::WrongState, message));
        }
        (None, _) => return Err(Failure::new(Kind::WrongObjectType, "the object is no key")),
    }
    // In 2.0, the reason for a wrong state is about states alone; the official case CS-AC-M-8 shows the one for dates.
    let refuse = |message: &'static str| Err(Failure::new(Kind::PermissionDenied, message));
    // 1.4 §3.22: not "for cryptographic purposes prior to the Process Start Date".
    if date(attributes, Tag::ProcessStartDate).is_some_and(|start| start > now) {
        return refuse("the Process Start Date is yet to come");
    }
    // 1.4 §3.26: not "for applying cryptographic protection" after the Protect Stop Date.
    if purpose != Use::Process && date(attributes, Tag::ProtectStopDate).is_some_and(|stop| stop <= now) {
        return refuse("the Protect Stop Date has passed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(state: State, dates: &[AttributeValue]) -> AttributeSet {
        [AttributeValue::State(state), AttributeValue::LastChangeDate(DateTime(0))]
            .into_iter()
            .chain(dates.iter().cloned())
            .collect()
    }

    #[test]
    fn states_come_with_time() {
        use AttributeValue as V;
        let mut set =
            key(State::PreActive, &[V::ActivationDate(DateTime(10)), V::DeactivationDate(DateTime(20))]);
        assert_eq!(due(&set), Some(DateTime(10)));
        assert!(!advance(&mut set, DateTime(9)));
        assert!(advance(&mut set, DateTime(10)));
        assert_eq!((state(&set), due(&set)), (Some(State::Active), Some(DateTime(20))));
        let mut set =
            key(State::PreActive, &[V::ActivationDate(DateTime(10)), V::DeactivationDate(DateTime(20))]);
        assert!(advance(&mut set, DateTime(99)));
        assert_eq!((state(&set), due(&set)), (Some(State::Deactivated), None));
        assert_eq!(date(&set, Tag::LastChangeDate), Some(DateTime(20)));
    }

    #[test]
    fn what_may_be_done_in_which_state() {
        for (state, protect, process) in [
            (State::PreActive, false, false),
            (State::Active, true, true),
            (State::Deactivated, false, true),
            (State::Compromised, false, true),
            (State::Destroyed, false, false),
            (State::DestroyedCompromised, false, false),
        ] {
            let set = key(state, &[]);
            assert_eq!(check_use(&set, Use::Protect, DateTime(0)).is_ok(), protect, "{state}");
            assert_eq!(check_use(&set, Use::Process, DateTime(0)).is_ok(), process, "{state}");
        }
        assert!(check_use(&AttributeSet::new(), Use::Process, DateTime(0)).is_err());
    }

    #[test]
    fn dates_are_windows() {
        use AttributeValue as V;
        let set = key(State::Active, &[V::ProcessStartDate(DateTime(10)), V::ProtectStopDate(DateTime(20))]);
        for (now, protect, process) in
            [(9, false, false), (10, true, true), (19, true, true), (20, false, true)]
        {
            assert_eq!(check_use(&set, Use::Protect, DateTime(now)).is_ok(), protect, "{now}");
            assert_eq!(check_use(&set, Use::Process, DateTime(now)).is_ok(), process, "{now}");
        }
        let wrong =
            key(State::PreActive, &[V::ActivationDate(DateTime(10)), V::DeactivationDate(DateTime(9))]);
        assert!(check_dates(&wrong).is_err() && check_dates(&set).is_ok());
    }
}
