//! Key pairs, on their way from what is asked for to two objects.
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use kmip::ttlv::{Tag, Text, Version};
use kmip::types::{
    AttributeId, AttributeSet, AttributeValue, CryptographicAlgorithm, KeyBlock, KeyFormatType, KeyValue,
    Link, LinkType, ManagedObject, ObjectType, Operation, PlaintextKeyValue, ProtectionStorageMasks,
    RecommendedCurve, UniqueIdentifier,
};

use super::create::ensure_usage_mask;
use crate::crypto::pkey::{self, Family, PointForm};
use crate::engine::keys::{AsymmetricKey, default_format, family, format_key, is_for};
use crate::engine::{
    Context, Failure, Kind, New, Purpose, Requested, Writer, algorithm, check_protection, facts, flag,
    length, required,
};

/// What the two keys of a pair are to be like.
pub(super) struct Pair {
    family: Family,
    algorithm: CryptographicAlgorithm,
    bits: u32,
    /// The attributes of the private key.
    pub(super) private: AttributeSet,
    /// The attributes of the public key.
    pub(super) public: AttributeSet,
}

/// The attributes of each half: its own before the common ones, explicit ones before those of templates (1.4 §4.2).
pub(super) fn halves(
    cx: &mut Context<'_>,
    mut common: Requested,
    mut private: Requested,
    mut public: Requested,
    purpose: Purpose,
) -> Result<(AttributeSet, AttributeSet), Failure> {
    for requested in [&mut common, &mut private, &mut public] {
        cx.add_templates(requested)?;
    }
    let version = cx.version();
    private.add_common(&common.attributes, version);
    public.add_common(&common.attributes, version);
    for tag in SAME {
        share(&mut private.attributes, &mut public.attributes, tag)?;
    }
    Ok((
        private.check(ObjectType::PrivateKey, purpose, version)?,
        public.check(ObjectType::PublicKey, purpose, version)?,
    ))
}

/// 1.4 table 168: both keys have the same value. What is said of one is said of both.
fn share(private: &mut AttributeSet, public: &mut AttributeSet, tag: Tag) -> Result<(), Failure> {
    let id = AttributeId::Standard(tag);
    let values = |set: &AttributeSet| {
        set.all(&id).map(|instance| instance.value.clone()).collect::<Vec<AttributeValue>>()
    };
    let (of_private, of_public) = (values(private), values(public));
    match (of_private.is_empty(), of_public.is_empty()) {
        (false, true) => of_private.into_iter().for_each(|value| {
            public.add(value);
        }),
        (true, false) => of_public.into_iter().for_each(|value| {
            private.add(value);
        }),
        _ if of_private != of_public => {
            return Err(Failure::new(
                Kind::InvalidAttributeValue,
                format!("{tag} must be the same for both keys"),
            ));
        }
        _ => {}
    }
    Ok(())
}

impl Pair {
    /// What attributes ask for.
    pub(super) fn new(private: AttributeSet, public: AttributeSet) -> Result<Self, Failure> {
        Self::like(None, private, public)
    }

    /// What attributes ask for; where they leave open which curve is meant, it is that of an existing key.
    pub(super) fn like(
        existing: Option<Family>,
        private: AttributeSet,
        public: AttributeSet,
    ) -> Result<Self, Failure> {
        let algorithm = algorithm(&private).ok_or_else(|| required("the Cryptographic Algorithm"))?;
        let length = length(&private)
            .map(|length| u32::try_from(length).map_err(|_| no_length(algorithm, length)))
            .transpose()?;
        let curve = curve(&private);
        let existing = existing.filter(|existing| {
            let as_long =
                usual_length(*existing).is_ok_and(|usual| length.is_none_or(|length| length == usual));
            curve.is_none() && is_for(*existing, algorithm) && (as_long || !existing.has_one_length())
        });
        let family = existing.or_else(|| family(algorithm, length, curve)).ok_or_else(|| {
            Failure::new(
                Kind::InvalidField,
                format!("there are no key pairs of algorithm {algorithm} with this length and curve"),
            )
        })?;
        let bits = match length {
            Some(length) => length,
            None => usual_length(family)?,
        };
        let mut pair = Self { family, algorithm, bits, private, public };
        if flag(&pair.private, Tag::QuantumSafe) == Some(true)
            || flag(&pair.public, Tag::QuantumSafe) == Some(true)
        {
            return Err(Failure::new(Kind::NotQuantumSafe, format!("{family} keys are not quantum safe")));
        }
        let length = AttributeValue::CryptographicLength(i32::try_from(bits).unwrap_or(i32::MAX));
        for set in [&mut pair.private, &mut pair.public] {
            set.set(length.clone());
        }
        Ok(pair)
    }

    /// Sees to it that both keys have a Cryptographic Usage Mask.
    ///
    /// # Errors
    ///
    /// When the operation requires that it be given.
    pub(super) fn ensure_masks(&mut self, operation: Operation, version: Version) -> Result<(), Failure> {
        ensure_usage_mask(&mut self.private, operation, version)?;
        ensure_usage_mask(&mut self.public, operation, version)
    }

    /// Makes the keys.
    pub(super) fn generate(&self, cx: &mut Context<'_>) -> Result<(ManagedObject, ManagedObject), Failure> {
        if self.family == Family::Rsa && self.bits < pkey::WEAK_RSA && !cx.settings().weak_rsa {
            return Err(Failure::new(
                Kind::InvalidField,
                format!("an RSA key of {} bits is too weak; the server is not set to make such", self.bits),
            ));
        }
        let (private, version) = (cx.new_private_key(self.family, self.bits)?, cx.version());
        let public = private.public()?;
        Ok((
            self.object(&AsymmetricKey::Private(private), &self.private, version)?,
            self.object(&AsymmetricKey::Public(public), &self.public, version)?,
        ))
    }

    fn object(
        &self,
        key: &AsymmetricKey,
        given: &AttributeSet,
        version: Version,
    ) -> Result<ManagedObject, Failure> {
        let format =
            asked_format(given).unwrap_or_else(|| default_format(key.object_type(), key.family(), version));
        let material = format_key(key, format, PointForm::default())?;
        let block = KeyBlock {
            key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
            cryptographic_algorithm: Some(self.algorithm),
            cryptographic_length: Some(i32::try_from(self.bits).unwrap_or(i32::MAX)),
            ..KeyBlock::new(format)
        };
        Ok(match key {
            AsymmetricKey::Private(_) => {
                ManagedObject::PrivateKey(kmip::types::PrivateKey::new(block).into())
            }
            AsymmetricKey::Public(_) => ManagedObject::PublicKey(kmip::types::PublicKey::new(block).into()),
        })
    }

    /// The two objects, ready to be written.
    pub(super) fn into_new(
        self,
        version: Version,
        private: (Text, ManagedObject),
        public: (Text, ManagedObject),
    ) -> Result<NewPair, Failure> {
        let new = |given, (identifier, object): (Text, ManagedObject)| -> Result<New, Failure> {
            let facts = facts(&object, Purpose::Generate, version)?;
            Ok(New { identifier, given, facts, object })
        };
        Ok(NewPair { private: new(self.private, private)?, public: new(self.public, public)? })
    }
}

/// A key pair that is about to be.
pub(super) struct NewPair {
    pub(super) private: New,
    pub(super) public: New,
}

impl NewPair {
    /// Adds both keys, which the caller owns. What the request called both is no name taken twice.
    pub(super) fn insert(&self, writer: &mut Writer<'_>) -> Result<(), Failure> {
        writer.insert(&self.private, &[])?;
        writer.insert(&self.public, &self.names())
    }

    /// Adds both keys for the owners of those whose place they take. They may be called what is in `taken`, too.
    pub(super) fn replace(
        &self,
        writer: &mut Writer<'_>,
        (private, public): (&str, &str),
        taken: &[AttributeValue],
    ) -> Result<(), Failure> {
        writer.insert_for(private, &self.private, taken)?;
        let mut shared = self.names();
        shared.extend_from_slice(taken);
        writer.insert_for(public, &self.public, &shared)
    }

    fn names(&self) -> Vec<AttributeValue> {
        let names = self.private.given.all(&AttributeId::Standard(Tag::Name));
        names.map(|instance| instance.value.clone()).collect()
    }

    /// The identifiers of the private and the public key.
    pub(super) fn identifiers(&self) -> (&Text, &Text) {
        (&self.private.identifier, &self.public.identifier)
    }
}

/// Points the keys to each other (1.4 §4.2).
pub(super) fn link(pair: &mut Pair, private: &Text, public: &Text) {
    pair.private.add(link_to(LinkType::PublicKeyLink, public));
    pair.public.add(link_to(LinkType::PrivateKeyLink, private));
}

/// A link to an object.
pub(super) fn link_to(link_type: LinkType, identifier: &Text) -> AttributeValue {
    AttributeValue::Link(Link::new(link_type, UniqueIdentifier::TextString(identifier.clone())))
}

/// Checks that the server can protect both keys in a way that the client accepts.
pub(super) fn check_pair_protection(
    common: Option<&ProtectionStorageMasks>,
    private: Option<&ProtectionStorageMasks>,
    public: Option<&ProtectionStorageMasks>,
) -> Result<(), Failure> {
    check_protection(private.or(common))?;
    check_protection(public.or(common))
        .map_err(|failure| Failure::new(Kind::PublicProtectionStorage, failure.message().to_owned()))
}

fn curve(given: &AttributeSet) -> Option<RecommendedCurve> {
    match given.get(Tag::CryptographicDomainParameters) {
        Some(AttributeValue::CryptographicDomainParameters(domain)) => domain.recommended_curve,
        _ => None,
    }
}

fn asked_format(given: &AttributeSet) -> Option<KeyFormatType> {
    match given.get(Tag::KeyFormatType) {
        Some(AttributeValue::KeyFormatType(format)) => Some(*format),
        _ => None,
    }
}

/// The Cryptographic Length is not required (1.4 table 168): a curve has one, and the others have a usual one.
fn usual_length(family: Family) -> Result<u32, Failure> {
    Ok(match family {
        Family::Ec(curve) => pkey::curves::bits(curve)?,
        Family::Ed25519 | Family::X25519 => 256,
        Family::Ed448 | Family::X448 => 448,
        _ => 2048,
    })
}

#[cold]
fn no_length(algorithm: CryptographicAlgorithm, length: i32) -> Failure {
    Failure::new(Kind::InvalidField, format!("a key of algorithm {algorithm} does not have {length} bits"))
}

/// The attributes that are the same for both keys (1.4 table 168, 2.0 table 176).
const SAME: [Tag; 4] = [
    Tag::CryptographicAlgorithm,
    Tag::CryptographicLength,
    Tag::CryptographicDomainParameters,
    Tag::CryptographicParameters,
];
