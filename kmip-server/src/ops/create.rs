use kmip::ttlv::{Secret, Tag};
use kmip::types::{
    AttributeSet, AttributeValue, CreateRequest, CreateResponse, CryptographicAlgorithm,
    CryptographicUsageMask, ManagedObject, ObjectType, UniqueIdentifier, version,
};

use crate::crypto;
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, algorithm, convert, facts, flag, length, required,
    secret_data, symmetric_key, usage_mask,
};

/// Create: the server makes a symmetric key, or secret data (KMIP 1.4 §4.1, 2.0 §6.1.8).
pub(super) fn create(cx: &mut Context<'_>, request: CreateRequest) -> Result<CreateResponse, Failure> {
    let (object_type, version) = (request.object_type, cx.version());
    let mut requested = Requested::new(request.template_attribute, request.attributes);
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(object_type, Purpose::Generate, version)?;
    let mut object = match object_type {
        ObjectType::SymmetricKey => create_key(&mut given, version)?,
        // Said of 2.0 alone; the official case TC-CREATE-SD-1 has it in 1.4.
        ObjectType::SecretData if version >= version::V1_4 => create_secret(&given)?,
        _ => {
            return Err(Failure::new(
                Kind::InvalidField,
                format!("objects of type {object_type} are not created; a Symmetric Key can be"),
            ));
        }
    };
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
    let row = KEYS.iter().find(|row| row.algorithm == algorithm).ok_or_else(|| {
        Failure::new(Kind::InvalidField, format!("keys of algorithm {algorithm} are not created"))
    })?;
    let Some((_, bytes)) = row.lengths.iter().find(|(bits, _)| *bits == length) else {
        let lengths: Vec<String> = row.lengths.iter().map(|(bits, _)| bits.to_string()).collect();
        return Err(Failure::new(
            Kind::InvalidField,
            format!("a key of algorithm {algorithm} has {} bits, not {length}", lengths.join(", ")),
        ));
    };
    // 2.0 §4.45: against a quantum computer, a key is worth half its bits.
    if flag(given, Tag::QuantumSafe) == Some(true) && length < QUANTUM_SAFE {
        return Err(Failure::new(
            Kind::NotQuantumSafe,
            format!("a key of {length} bits is not quantum safe"),
        ));
    }
    let key = crypto::random(*bytes)?;
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

/// The keys that can be created.
struct Keys {
    algorithm: CryptographicAlgorithm,
    /// Cryptographic Lengths in bits, and how many bytes such a key has.
    lengths: &'static [(i32, usize)],
}

static KEYS: [Keys; 1] =
    [Keys { algorithm: CryptographicAlgorithm::AES, lengths: &[(128, 16), (192, 24), (256, 32)] }];

/// The least length of a symmetric key that is quantum safe, in bits.
const QUANTUM_SAFE: i32 = 256;

/// The most that secret data has, in bits.
const LONGEST_SECRET: usize = 65_536;
