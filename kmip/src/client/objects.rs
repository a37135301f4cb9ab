//! Objects with their attributes: what is registered, and what Get gives.
//!
//! ```
//! use kmip::{client::objects::{Object, SymmetricKey}, types::{CryptographicAlgorithm, CryptographicUsageMask}};
//!
//! let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
//! let key = SymmetricKey::new(CryptographicAlgorithm::AES, vec![7; 16]).named("backup").usage(usage);
//! assert_eq!((key.length(), key.names().next()), (Some(128), Some("backup")));
//!
//! let object = Object::from(key);
//! assert_eq!(object.bytes().map(<[u8]>::len), Some(16));
//! assert!(SymmetricKey::try_from(object).is_ok());
//! ```

use super::calls::Split;
use crate::{
    ttlv::{Bytes, Secret, Text},
    types::{
        self, AttributeSet, AttributeValue, CertificateType, CryptographicAlgorithm, CryptographicUsageMask,
        KeyBlock, KeyFormatType, KeyMaterial, KeyValue, KeyWrappingData, ManagedObject, ObjectType,
        OpaqueDataType, PlaintextKeyValue, SecretDataType, attribute_set::AttributeInstance,
    },
};

/// An object and its attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Managed<T> {
    /// The object.
    pub value: T,
    /// Its attributes: those wanted when it is registered, those that came with it otherwise. Get sends none, Export
    /// sends all.
    pub attributes: AttributeSet,
}

/// An object of any type.
pub type Object = Managed<ManagedObject>;
/// A symmetric key.
pub type SymmetricKey = Managed<types::SymmetricKey>;
/// A public key.
pub type PublicKey = Managed<types::PublicKey>;
/// A private key.
pub type PrivateKey = Managed<types::PrivateKey>;
/// A part of a key.
pub type SplitKey = Managed<types::SplitKey>;
/// A password or a seed.
pub type SecretData = Managed<types::SecretData>;
/// Something of a form that KMIP does not know.
pub type OpaqueObject = Managed<types::OpaqueObject>;
/// A certificate.
pub type Certificate = Managed<types::Certificate>;
/// A certificate request. Since KMIP 2.0.
pub type CertificateRequest = Managed<types::CertificateRequest>;
/// A PGP key. Since KMIP 1.2.
pub type PgpKey = Managed<types::PgpKey>;
/// Attributes under a name, for objects to come. Until KMIP 1.4.
pub type Template = Managed<types::Template>;

/// What an object is made of.
pub trait Content {
    /// The type of the object; none for one that no table lists.
    fn object_type(&self) -> Option<ObjectType>;

    /// The key block, if the object has one.
    fn key_block(&self) -> Option<&KeyBlock>;

    /// The object's bytes where it has no key block.
    fn plain(&self) -> Option<&[u8]> {
        None
    }
}

impl<T> Managed<T> {
    /// The object, with no attributes.
    pub const fn of(value: T) -> Self {
        Self { value, attributes: AttributeSet::new() }
    }

    /// With another attribute.
    #[must_use]
    pub fn with(mut self, attribute: impl Into<AttributeInstance>) -> Self {
        self.attributes.add(attribute);
        self
    }

    /// With a name; there may be several.
    #[must_use]
    pub fn named(self, name: impl Into<Text>) -> Self {
        self.with(AttributeValue::named(name))
    }

    /// What it may be used for.
    #[must_use]
    pub fn usage(mut self, usage: CryptographicUsageMask) -> Self {
        self.attributes.set(AttributeValue::CryptographicUsageMask(usage));
        self
    }

    /// Under which policy, until KMIP 1.4.
    #[must_use]
    pub fn policy(mut self, name: impl Into<Text>) -> Self {
        self.attributes.set(AttributeValue::OperationPolicyName(name.into()));
        self
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter_map(|instance| match &instance.value {
            AttributeValue::Name(name) => Some(name.name_value.as_str()),
            _ => None,
        })
    }

    /// What it may be used for, if that is among the attributes.
    pub fn masks(&self) -> Option<CryptographicUsageMask> {
        match self.attributes.get(crate::ttlv::Tag::CryptographicUsageMask) {
            Some(AttributeValue::CryptographicUsageMask(usage)) => Some(*usage),
            _ => None,
        }
    }
}

impl<T: Content> Managed<T> {
    /// The type of the object; none for one that no table lists.
    pub fn object_type(&self) -> Option<ObjectType> {
        self.value.object_type()
    }

    /// A key's algorithm.
    pub fn algorithm(&self) -> Option<CryptographicAlgorithm> {
        self.value.key_block()?.cryptographic_algorithm
    }

    /// A key's length in bits.
    pub fn length(&self) -> Option<i32> {
        self.value.key_block()?.cryptographic_length
    }

    /// A key's format.
    pub fn format(&self) -> Option<KeyFormatType> {
        Some(self.value.key_block()?.key_format_type)
    }

    /// How a key is wrapped, if it is.
    pub fn wrapping(&self) -> Option<&KeyWrappingData> {
        self.value.key_block()?.key_wrapping_data.as_deref()
    }

    /// The object's bytes: those of a certificate, of opaque data, of key material that is a string of bytes, or of a
    /// wrapped key value.
    pub fn bytes(&self) -> Option<&[u8]> {
        let Some(block) = self.value.key_block() else { return self.value.plain() };
        match block.key_value.as_ref()? {
            KeyValue::Wrapped(bytes) => Some(bytes.expose()),
            KeyValue::Plaintext(plain) => match &plain.key_material {
                KeyMaterial::ByteString(bytes) => Some(bytes.expose()),
                KeyMaterial::TransparentSymmetricKey(key) => Some(key.key.expose()),
                _ => None,
            },
            KeyValue::Other(_) => None,
        }
    }
}

/// A key block around key material.
fn block(
    format: KeyFormatType,
    material: KeyMaterial,
    algorithm: Option<CryptographicAlgorithm>,
    length: Option<i32>,
) -> KeyBlock {
    KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material))),
        cryptographic_algorithm: algorithm,
        cryptographic_length: length,
        ..KeyBlock::new(format)
    }
}

fn bits(bytes: usize) -> i32 {
    i32::try_from(bytes.saturating_mul(8)).unwrap_or(i32::MAX)
}

impl SymmetricKey {
    /// A key, as its bytes, which say its length.
    pub fn new(algorithm: CryptographicAlgorithm, key: impl Into<Secret>) -> Self {
        let key = key.into();
        let length = bits(key.len());
        Self::of(types::SymmetricKey::new(block(
            KeyFormatType::Raw,
            KeyMaterial::ByteString(key),
            Some(algorithm),
            Some(length),
        )))
    }
}

impl PublicKey {
    /// A key, of a length in bits, as its bytes in a format.
    pub fn new(
        algorithm: CryptographicAlgorithm,
        length: i32,
        format: KeyFormatType,
        key: impl Into<Secret>,
    ) -> Self {
        let material = KeyMaterial::ByteString(key.into());
        Self::of(types::PublicKey::new(block(format, material, Some(algorithm), Some(length))))
    }
}

impl PrivateKey {
    /// A key, of a length in bits, as its bytes in a format.
    pub fn new(
        algorithm: CryptographicAlgorithm,
        length: i32,
        format: KeyFormatType,
        key: impl Into<Secret>,
    ) -> Self {
        let material = KeyMaterial::ByteString(key.into());
        Self::of(types::PrivateKey::new(block(format, material, Some(algorithm), Some(length))))
    }
}

impl SplitKey {
    /// The part with a number, from 1 on, of a key of a length in bits.
    pub fn new(
        algorithm: CryptographicAlgorithm,
        length: i32,
        split: Split,
        number: i32,
        part: impl Into<Secret>,
    ) -> Self {
        let material = KeyMaterial::ByteString(part.into());
        let block = block(KeyFormatType::Raw, material, Some(algorithm), Some(length));
        let Split { parts, threshold, method, prime_field_size } = split;
        let part = types::SplitKey::new(parts, number, threshold, method, block);
        Self::of(types::SplitKey { prime_field_size, ..part })
    }
}

impl SecretData {
    /// A password, a seed, or something else.
    pub fn new(kind: SecretDataType, secret: impl Into<Secret>) -> Self {
        let material = KeyMaterial::ByteString(secret.into());
        Self::of(types::SecretData::new(kind, block(KeyFormatType::Opaque, material, None, None)))
    }
}

impl OpaqueObject {
    /// Data of a type that is between you and the server.
    pub fn new(kind: OpaqueDataType, data: impl Into<Secret>) -> Self {
        Self::of(types::OpaqueObject::new(kind, data.into()))
    }
}

impl Certificate {
    /// A certificate in DER.
    pub fn new(kind: CertificateType, certificate: impl Into<Bytes>) -> Self {
        Self::of(types::Certificate::new(kind, certificate.into()))
    }
}

impl PgpKey {
    /// A PGP key block of a version.
    pub fn new(version: i32, key: impl Into<Secret>) -> Self {
        let material = KeyMaterial::ByteString(key.into());
        Self::of(types::PgpKey::new(version, block(KeyFormatType::Raw, material, None, None)))
    }
}

impl Template {
    /// The attributes that objects are to have, in a template of this name.
    pub fn new(name: impl Into<Text>, attributes: &AttributeSet) -> Self {
        let template =
            types::Template { attribute: attributes.to_attribute_list(), ..types::Template::new() };
        Self::of(template).named(name)
    }
}

macro_rules! wrapped {
    ($($name:ident),*) => {
        $(impl $name {
            /// With the bytes wrapped, as the data says: they are what the wrapping gave.
            #[must_use]
            pub fn wrapped(mut self, wrapping: KeyWrappingData) -> Self {
                let block = &mut self.value.key_block;
                if let Some(KeyValue::Plaintext(plain)) = &block.key_value
                    && let KeyMaterial::ByteString(bytes) = &plain.key_material
                {
                    block.key_value = Some(KeyValue::Wrapped(bytes.clone()));
                }
                block.key_wrapping_data = Some(Box::new(wrapping));
                self
            }
        })*
    };
}

wrapped!(SymmetricKey, PublicKey, PrivateKey, SplitKey, SecretData, PgpKey);

macro_rules! contents {
    ($($name:ident $type:ident: $block:expr, $plain:expr;)*) => {
        $(
            impl Content for types::$name {
                fn object_type(&self) -> Option<ObjectType> {
                    Some(ObjectType::$type)
                }

                fn key_block(&self) -> Option<&KeyBlock> {
                    let block: fn(&Self) -> Option<&KeyBlock> = $block;
                    block(self)
                }

                fn plain(&self) -> Option<&[u8]> {
                    let plain: fn(&Self) -> Option<&[u8]> = $plain;
                    plain(self)
                }
            }

            impl From<Managed<types::$name>> for Object {
                fn from(object: Managed<types::$name>) -> Self {
                    Self { value: ManagedObject::$name(object.value), attributes: object.attributes }
                }
            }

            /// Gives the object back if it is of another type.
            impl TryFrom<Object> for Managed<types::$name> {
                type Error = Object;

                fn try_from(object: Object) -> Result<Self, Object> {
                    match object.value {
                        ManagedObject::$name(value) => Ok(Self { value, attributes: object.attributes }),
                        value => Err(Object { value, attributes: object.attributes }),
                    }
                }
            }
        )*

        impl Content for ManagedObject {
            fn object_type(&self) -> Option<ObjectType> {
                match self {
                    $(Self::$name(it) => it.object_type(),)*
                    Self::Other(_) => None,
                }
            }

            fn key_block(&self) -> Option<&KeyBlock> {
                match self {
                    $(Self::$name(it) => it.key_block(),)*
                    Self::Other(_) => None,
                }
            }

            fn plain(&self) -> Option<&[u8]> {
                match self {
                    $(Self::$name(it) => it.plain(),)*
                    Self::Other(_) => None,
                }
            }
        }
    };
}

contents! {
    SymmetricKey SymmetricKey: |it| Some(&it.key_block), |_| None;
    PublicKey PublicKey: |it| Some(&it.key_block), |_| None;
    PrivateKey PrivateKey: |it| Some(&it.key_block), |_| None;
    SplitKey SplitKey: |it| Some(&it.key_block), |_| None;
    SecretData SecretData: |it| Some(&it.key_block), |_| None;
    PgpKey PGPKey: |it| Some(&it.key_block), |_| None;
    OpaqueObject OpaqueObject: |_| None, |it| Some(it.opaque_data_value.expose());
    Certificate Certificate: |_| None, |it| Some(&it.certificate_value);
    CertificateRequest CertificateRequest: |_| None, |it| Some(&it.certificate_request_value);
    Template Template: |_| None, |_| None;
}

impl From<ManagedObject> for Object {
    fn from(value: ManagedObject) -> Self {
        Self::of(value)
    }
}
