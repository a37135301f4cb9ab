use kmip::types::{
    AttributeValue, CreateRequest, CreateResponse, CryptographicAlgorithm, KeyFormatType, ObjectType, UniqueIdentifier,
};
use kmip::ttlv::{Secret, Tag};

use crate::crypto;
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, algorithm, facts, length, required, symmetric_key, usage_mask, convert,
};

/// Create: the server makes a symmetric key (KMIP 1.4 §4.1, 2.0 §6.1.8).
pub(super) fn create(cx: &mut Context<'_>, request: CreateRequest) -> Result<CreateResponse, Failure> {
    let object_type = request.object_type;
    if object_type != ObjectType::SymmetricKey {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("objects of type {object_type} are not created; a Symmetric Key can be"),
        ));
    }
    let mut requested = Requested::new(request.template_attribute, request.attributes);
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(object_type, Purpose::Generate, cx.version())?;

    let algorithm = algorithm(&given).ok_or_else(|| required("the Cryptographic Algorithm"))?;
    let length = length(&given).ok_or_else(|| required("the Cryptographic Length"))?;
    usage_mask(&given).ok_or_else(|| required("the Cryptographic Usage Mask"))?;
    let bytes = key_bytes(algorithm, length)?;
    let key = crypto::random(bytes)?;
    let mut object = symmetric_key(algorithm, length, Secret::from_shared(key.into()));
    // 2.0 §4.26: the format may be asked for.
    if let Some(AttributeValue::KeyFormatType(format)) = given.get(Tag::KeyFormatType) {
        let format: KeyFormatType = *format;
        convert(&mut object, format)?;
    }
    given.set(AttributeValue::CryptographicLength(length));
    let facts = facts(&object, Purpose::Generate, cx.version())?;
    let version = cx.version();
    let identifier = cx.insert(given, &facts, &object, version)?;
    Ok(CreateResponse::new(object_type, UniqueIdentifier::TextString(identifier)))
}

/// How many bytes a key of this algorithm and length has.
fn key_bytes(algorithm: CryptographicAlgorithm, length: i32) -> Result<usize, Failure> {
    let Some(row) = KEYS.iter().find(|row| row.algorithm == algorithm) else {
        return Err(Failure::new(Kind::InvalidField, format!("keys of algorithm {algorithm} are not created")));
    };
    row.lengths.iter().find(|(bits, _)| *bits == length).map(|(_, bytes)| *bytes).ok_or_else(|| {
        let lengths: Vec<String> = row.lengths.iter().map(|(bits, _)| bits.to_string()).collect();
        Failure::new(
            Kind::InvalidField,
            format!("a key of algorithm {algorithm} has {} bits, not {length}", lengths.join(", ")),
        )
    })
}

/// The keys that can be created.
struct Keys {
    algorithm: CryptographicAlgorithm,
    /// Cryptographic Lengths in bits, and how many bytes such a key has.
    lengths: &'static [(i32, usize)],
}

static KEYS: [Keys; 1] =
    [Keys { algorithm: CryptographicAlgorithm::AES, lengths: &[(128, 16), (192, 24), (256, 32)] }];
