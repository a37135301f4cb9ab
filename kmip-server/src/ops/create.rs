use kmip::ttlv::{Secret, Tag};
use kmip::types::{
    AttributeSet, AttributeValue, CreateRequest, CreateResponse, CryptographicAlgorithm,
    CryptographicUsageMask, ManagedObject, ObjectType, UniqueIdentifier, version,
};

use crate::crypto;
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, algorithm, check_protection, convert, facts, flag, length,
    required, secret_data, symmetric_key, usage_mask,
};

/// Create: the server makes a symmetric key, or secret data (KMIP 1.4 §4.1, 2.0 §6.1.8).
pub(super) fn create(cx: &mut Context<'_>, request: CreateRequest) -> Result<CreateResponse, Failure> {
    let (object_type, version) = (request.object_type, cx.version());
    // Secret data is said of 2.0 alone; the official case TC-CREATE-SD-1 has it in 1.4.
    let is_secret = object_type == ObjectType::SecretData && version >= version::V1_4;
    if object_type != ObjectType::SymmetricKey && !is_secret {
        return Err(Failure::new(
            Kind::ObjectType,
            format!("objects of type {object_type} are not created; a Symmetric Key can be"),
        ));
    }
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(object_type, Purpose::Generate, version)?;
    let mut object = if is_secret { create_secret(&given)? } else { create_key(&mut given, version)? };
    // 2.0 §4.26: the format may be asked for.
    if let Some(AttributeValue::KeyFormatType(format)) = given.get(Tag::KeyFormatType) {
        let format = *format;
        convert(&mut object, format)?;
    }
    let facts = facts(&object, Purpose::Generate, version)?;
    let identifier = cx.insert(given, &facts, &object, version)?;
    Ok(CreateResponse::new(object_type, UniqueIdentifier::TextString(identifier)))
}

fn create_key(given: &mut AttributeSet, version: kmip::ttlv::Version) -> Result<ManagedObject, Failure> {
    let algorithm = algorithm(given).ok_or_else(|| required("the Cryptographic Algorithm"))?;
    let length = length(given).ok_or_else(|| required("the Cryptographic Length"))?;
    if usage_mask(given).is_none() {
        // 1.4 table 165 requires it as before, but the official case TC-CS-CORVAL-1 of 1.4 and 2.0 gives none: such a key
        // can't be used for anything.
        if version < version::V1_4 {
            return Err(required("the Cryptographic Usage Mask"));
        }
        given.add(AttributeValue::CryptographicUsageMask(CryptographicUsageMask::empty()));
    }
    let Some((_, lengths)) = KEYS.iter().find(|(known, _)| *known == algorithm) else {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("keys of algorithm {algorithm} are not created"),
        ));
    };
    let bytes = lengths.bytes(length).ok_or_else(|| {
        Failure::new(
            Kind::InvalidField,
            format!("a key of algorithm {algorithm} does not have {length} bits"),
        )
    })?;
    // 2.0 §4.45: against a quantum computer, a key is worth half its bits.
    if flag(given, Tag::QuantumSafe) == Some(true) && length < QUANTUM_SAFE {
        return Err(Failure::new(
            Kind::NotQuantumSafe,
            format!("a key of {length} bits is not quantum safe"),
        ));
    }
    let mut key = crypto::random(bytes)?;
    if algorithm == CryptographicAlgorithm::DES3 {
        set_parity(&mut key);
    }
    Ok(symmetric_key(algorithm, length, Secret::from_shared(key.into())))
}

fn create_secret(given: &AttributeSet) -> Result<ManagedObject, Failure> {
    let length = length(given).ok_or_else(|| required("the Cryptographic Length"))?;
    let bytes = usize::try_from(length)
        .ok()
        .filter(|bits| bits.is_multiple_of(8) && (8..=LONGEST_SECRET).contains(bits));
    let Some(bits) = bytes else {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("secret data has whole bytes, up to {LONGEST_SECRET} bits, not {length} bits"),
        ));
    };
    let data = crypto::random(bits / 8)?;
    Ok(secret_data(Secret::from_shared(data.into())))
}

/// The lengths that the keys of an algorithm have, in bits.
enum Lengths {
    /// These, and how many bytes such a key has.
    Of(&'static [(i32, usize)]),
    /// Whole bytes, from the least to the greatest.
    Within(i32, i32),
}

impl Lengths {
    /// How many bytes a key of this length has; none if there is no such key.
    fn bytes(&self, length: i32) -> Option<usize> {
        match self {
            Self::Of(lengths) => lengths.iter().find(|(bits, _)| *bits == length).map(|(_, bytes)| *bytes),
            Self::Within(from, to) if (*from..=*to).contains(&length) && length % 8 == 0 => {
                usize::try_from(length / 8).ok()
            }
            Self::Within(..) => None,
        }
    }
}

/// FIPS 46-3: each byte of a DES key has an odd number of bits.
fn set_parity(key: &mut [u8]) {
    for byte in key {
        *byte ^= u8::from(byte.count_ones() % 2 == 0);
    }
}

/// The keys that can be created.
static KEYS: [(CryptographicAlgorithm, Lengths); 16] = {
    use CryptographicAlgorithm as A;
    use Lengths::{Of, Within};
    [
        (A::AES, Of(&[(128, 16), (192, 24), (256, 32)])),
        // With and without the parity bits.
        (A::DES3, Of(&[(64, 8), (112, 16), (128, 16), (168, 24), (192, 24)])),
        (A::Blowfish, Within(32, 448)),
        (A::Camellia, Of(&[(128, 16), (192, 24), (256, 32)])),
        (A::CAST5, Within(40, 128)),
        (A::IDEA, Of(&[(128, 16)])),
        (A::RC4, Within(40, 2048)),
        (A::SKIPJACK, Of(&[(80, 10)])),
        (A::ChaCha20, Of(&[(256, 32)])),
        (A::ChaCha20Poly1305, Of(&[(256, 32)])),
        (A::HMAC_SHA1, Within(8, LONGEST_MAC)),
        (A::HMAC_SHA224, Within(8, LONGEST_MAC)),
        (A::HMAC_SHA256, Within(8, LONGEST_MAC)),
        (A::HMAC_SHA384, Within(8, LONGEST_MAC)),
        (A::HMAC_SHA512, Within(8, LONGEST_MAC)),
        (A::HMAC_MD5, Within(8, LONGEST_MAC)),
    ]
};

/// Longer keys of a keyed digest are no better, in bits.
const LONGEST_MAC: i32 = 4096;

/// The least length of a symmetric key that is quantum safe, in bits.
const QUANTUM_SAFE: i32 = 256;

/// The most that secret data has, in bits.
const LONGEST_SECRET: usize = 65_536;
