//! What a replacement takes over from what it replaces (KMIP 1.4 §4.4, §4.5; 2.0 §6.1.42, §6.1.43).

use kmip::ttlv::{ByTag, DateTime, Interval, Tag, Text, Version};
use kmip::types::tables::attribute_info;
use kmip::types::{AttributeId, AttributeSet, AttributeValue, LinkType};

use super::key_pair::link_to;
use crate::engine::{Failure, Kind, Managed, date};

/// When a replacement begins and ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    now: DateTime,
    offset: Option<Interval>,
}

impl Timing {
    /// As a request asks for it, whose other attributes are these.
    ///
    /// # Errors
    ///
    /// When it gives both an Offset and dates (1.4 tables 331 and 332).
    pub(super) fn new(
        now: DateTime,
        offset: Option<Interval>,
        requested: &[&AttributeSet],
    ) -> Result<Self, Failure> {
        let dated =
            requested.iter().any(|set| set.iter().any(|instance| DATES.contains(&instance.value.tag())));
        if offset.is_some() && dated {
            return Err(Failure::new(
                Kind::InvalidMessage,
                "there are both an Offset and dates that it would move",
            ));
        }
        Ok(Self { now, offset })
    }

    /// Moves the dates that are taken over (1.4 tables 172 and 176).
    fn shift(self, set: &mut AttributeSet) -> Result<(), Failure> {
        let Some(Interval(offset)) = self.offset else { return Ok(()) };
        let start = self.now.0.saturating_add(offset.into());
        let before = date(set, Tag::ActivationDate);
        for tag in [Tag::ProcessStartDate, Tag::ProtectStopDate, Tag::DeactivationDate] {
            let Some(old) = date(set, tag) else { continue };
            let Some(before) = before else {
                // In so many words in 1.4 tables 331 and 332.
                return Err(Failure::new(
                    Kind::IllegalOperation,
                    format!("the {tag} can't be moved, for the existing key has no Activation Date"),
                ));
            };
            let moved = DateTime(old.0.saturating_add(start.saturating_sub(before.0)));
            set.set(match tag {
                Tag::ProcessStartDate => AttributeValue::ProcessStartDate(moved),
                Tag::ProtectStopDate => AttributeValue::ProtectStopDate(moved),
                _ => AttributeValue::DeactivationDate(moved),
            });
        }
        set.set(AttributeValue::ActivationDate(DateTime(start)));
        Ok(())
    }
}

/// The attributes of a replacement: those of the existing object but for what is its alone, with those that the request
/// gives. Of attributes with several values, all count; of others, the request's.
pub(super) fn take_over(
    old: &Managed,
    requested: &AttributeSet,
    timing: Timing,
    version: Version,
) -> Result<AttributeSet, Failure> {
    let mut given = AttributeSet::new();
    for instance in &old.attributes {
        if !OWN.contains(&instance.id) {
            given.add(instance.clone());
        }
    }
    timing.shift(&mut given)?;
    for instance in requested {
        let several = match &instance.id {
            AttributeId::Standard(tag) => attribute_info(*tag)
                .and_then(|info| info.rules_in(version))
                .is_some_and(|rules| rules.multiple_instances),
            AttributeId::Vendor { .. } => true,
        };
        if !several {
            given.remove(&instance.id);
        } else if given.all(&instance.id).any(|other| other.value == instance.value) {
            continue;
        }
        given.add(instance.clone());
    }
    Ok(given)
}

/// What changes in an object that is replaced: its Names go over, and it is linked to its replacement.
pub(super) fn retire(old: &mut Managed, replacement: &Text) {
    old.attributes.remove(&NAME);
    old.attributes.add(link_to(LinkType::ReplacementObjectLink, replacement));
}

/// The Names that go over.
pub(super) fn names(old: &Managed) -> Vec<AttributeValue> {
    old.attributes.all(&NAME).map(|instance| instance.value.clone()).collect()
}

/// The identifier that a link of an object points to.
pub(super) fn linked(object: &Managed, link_type: LinkType) -> Option<kmip::types::UniqueIdentifier> {
    object.attributes.all(&AttributeId::Standard(Tag::Link)).find_map(|instance| match &instance.value {
        AttributeValue::Link(link) if link.link_type == link_type => {
            Some(link.linked_object_identifier.clone())
        }
        _ => None,
    })
}

const NAME: AttributeId = AttributeId::Standard(Tag::Name);

/// The dates that an Offset moves.
const DATES: [Tag; 4] =
    [Tag::ActivationDate, Tag::ProcessStartDate, Tag::ProtectStopDate, Tag::DeactivationDate];

/// What is an object's own (1.4 tables 173 and 177), and what the server sets anew on every object.
const OWN: [AttributeId; 21] = {
    const fn own(tag: Tag) -> AttributeId {
        AttributeId::Standard(tag)
    }
    [
        own(Tag::UniqueIdentifier),
        own(Tag::ShortUniqueIdentifier),
        own(Tag::ObjectType),
        own(Tag::State),
        own(Tag::InitialDate),
        own(Tag::OriginalCreationDate),
        own(Tag::LastChangeDate),
        own(Tag::DestroyDate),
        own(Tag::ArchiveDate),
        own(Tag::CompromiseOccurrenceDate),
        own(Tag::CompromiseDate),
        own(Tag::RevocationReason),
        own(Tag::Digest),
        own(Tag::Link),
        own(Tag::RandomNumberGenerator),
        own(Tag::LeaseTime),
        own(Tag::Fresh),
        own(Tag::AlwaysSensitive),
        own(Tag::NeverExtractable),
        own(Tag::KeyValuePresent),
        own(Tag::KeyValueLocation),
    ]
};
