//! What the server sets on every new object (KMIP 1.4 §3, 2.0 §4: "when implicitly set").

use kmip::ttlv::{Bytes, DateTime, Interval, Tag};
use kmip::types::{
    AttributeSet, AttributeValue as V, CryptographicUsageMask, Digest, DrbgAlgorithm, HashingAlgorithm,
    KeyFormatType, ObjectType, OpaqueDataType, RngAlgorithm, RngParameters, State, UniqueIdentifier,
    UsageLimits,
};

use super::Purpose;
use super::request::{PROTECTION, flag, unprotected};
use crate::crypto::{self, Hash};
use crate::engine::{Failure, Kind, Settings, lifecycle};
use crate::rights;

/// What is known of a new object beside what its client says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its type.
    pub object_type: ObjectType,
    /// Who made it.
    pub purpose: Purpose,
    /// The format of its key, if it has one.
    pub key_format_type: Option<KeyFormatType>,
    /// The SHA-256 of its key material, certificate or opaque value, if the server can see it.
    pub digest: Option<Bytes>,
    /// Whether the server has its key value: a client may register a key without.
    pub key_value_present: bool,
    /// The type of its opaque data, if it is that.
    pub opaque_data_type: Option<OpaqueDataType>,
}

/// All attributes of a new object: those that the client gave, and the server's.
pub(crate) fn complete(
    identifier: &str,
    given: AttributeSet,
    facts: &Facts,
    now: DateTime,
    settings: &Settings,
) -> Result<AttributeSet, Failure> {
    let is_template = facts.object_type == ObjectType::Template;
    let is_opaque = facts.object_type == ObjectType::OpaqueObject;
    let mut set = AttributeSet::new();
    set.add(V::UniqueIdentifier(UniqueIdentifier::TextString(identifier.into())));
    set.add(V::ShortUniqueIdentifier(crypto::digest(Hash::Sha256, identifier.as_bytes())?.into()));
    set.add(V::ObjectType(facts.object_type));
    set.extend(given);
    let mut default = |value: V| {
        if set.get(kmip::ttlv::ByTag::tag(&value)).is_none() {
            set.add(value);
        }
    };
    default(V::OperationPolicyName(rights::DEFAULT.into()));
    default(V::InitialDate(now));
    default(V::LastChangeDate(now));
    if !is_template {
        default(V::State(State::PreActive));
        default(V::LeaseTime(Interval(settings.lease_time)));
        default(V::Fresh(true));
        default(V::Sensitive(false));
        default(V::Extractable(true));
        default(V::ProtectionStorageMask(PROTECTION));
        if !is_opaque {
            default(V::CryptographicUsageMask(CryptographicUsageMask::empty()));
        }
    }
    if let Some(format) = facts.key_format_type {
        set.set(V::KeyFormatType(format));
    }
    if let Some(opaque) = facts.opaque_data_type {
        set.set(V::OpaqueDataType(opaque));
    }
    if let Some(digest) = &facts.digest {
        set.set(V::Digest(Digest {
            digest_value: Some(digest.clone()),
            key_format_type: facts.key_format_type,
            ..Digest::new(HashingAlgorithm::SHA_256)
        }));
    }
    if !facts.key_value_present {
        set.set(V::KeyValuePresent(false));
    }
    if facts.purpose == Purpose::Generate {
        // 1.4 §3.43: the same as the Initial Date; §3.44.
        set.set(V::OriginalCreationDate(now));
        set.set(V::RandomNumberGenerator(generator()));
    }
    if !is_template {
        // 1.4 §3.49, §3.51: true as long as it was never otherwise.
        set.set(V::AlwaysSensitive(flag(&set, Tag::Sensitive).unwrap_or_default()));
        set.set(V::NeverExtractable(!flag(&set, Tag::Extractable).unwrap_or_default()));
    }
    if let Some(V::ProtectionStorageMask(mask)) = set.get(Tag::ProtectionStorageMask)
        && !PROTECTION.contains(*mask)
    {
        return Err(unprotected());
    }
    count_usage(&mut set)?;
    lifecycle::check_dates(&set)?;
    lifecycle::advance(&mut set, now);
    Ok(set)
}

/// OpenSSL's generator: the CTR DRBG of SP 800-90A with AES-256, which is what it uses unless it is told otherwise.
pub(crate) fn generator() -> RngParameters {
    RngParameters {
        cryptographic_algorithm: Some(kmip::types::CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        drbg_algorithm: Some(DrbgAlgorithm::CTR),
        prediction_resistance: Some(false),
        ..RngParameters::new(RngAlgorithm::DRBG)
    }
}

/// 1.4 §3.21: the client sets Total and Unit; the server counts down from the Total.
fn count_usage(set: &mut AttributeSet) -> Result<(), Failure> {
    let Some(V::UsageLimits(limits)) = set.get(Tag::UsageLimits) else { return Ok(()) };
    if limits.usage_limits_total.is_some_and(|total| total < 0) {
        return Err(Failure::new(Kind::InvalidAttributeValue, "the Usage Limits Total is below zero"));
    }
    let counted = UsageLimits { usage_limits_count: limits.usage_limits_total, ..limits.clone() };
    set.set(V::UsageLimits(counted));
    Ok(())
}
