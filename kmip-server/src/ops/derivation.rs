//! The methods of Derive Key (KMIP 1.4 §4.6, 2.0 §7.8).

use std::borrow::Borrow;

use kmip::ttlv::{Bytes, Secret, Text};
use kmip::types::tables::behaviour;
use kmip::types::{
    AttributeValue, BlockCipherMode, CryptographicParameters, DerivationMethod, DerivationParameters,
    HashingAlgorithm, ManagedObject, ObjectType,
};

use super::parameters::{
    Cipher, algorithm_of, chosen, cipher_algorithm, hash, hmac, permit_cipher, permit_hash, size,
};
use crate::crypto::derive::{self, Iteration};
use crate::crypto::mac::{MacAlgorithm, mac};
use crate::crypto::{self, Hash, Parameters, cipher};
use crate::engine::keys::{private_key, public_key};
use crate::engine::{
    Context, Failure, Kind, Managed, algorithm, secret_bytes as bytes_of_secret, symmetric_key_bytes,
};
use crate::wipe::Wiped;

/// An object that something is derived from.
pub(super) struct Base {
    pub(super) identifier: Text,
    pub(super) key: Managed,
    pub(super) object: ManagedObject,
}

/// What a private key and another's public key agree on (1.4 §4.6.1, SP 800-56A): as much of it as is asked for.
fn agree(bases: &[Base], length: usize) -> Result<Wiped, Failure> {
    let (private, public) = match bases {
        [one, other] if one.key.object_type() == ObjectType::PrivateKey => (one, other),
        [one, other] => (other, one),
        _ => return Err(invalid("two keys agree: a private key, and the public key of another pair")),
    };
    let secret = private_key(&private.object)?.agree(&public_key(&public.object)?)?;
    Ok(derive::shorten(secret, length)?)
}

/// Derives `length` bytes.
pub(super) fn derive(
    cx: &Context<'_>,
    method: DerivationMethod,
    parameters: DerivationParameters,
    bases: &[Base],
    length: usize,
) -> Result<Wiped, Failure> {
    use DerivationMethod as M;
    if !method.is_in(cx.version()) {
        return Err(unknown(method));
    }
    if method == M::AsymmetricKey {
        return agree(bases, length);
    }
    // 2.0 §7.8 lets it be repeated, and has one method that says what for.
    if parameters.derivation_data.len() > 1 && method != M::AWSSignatureVersion4 {
        return Err(invalid("the method takes one Derivation Data"));
    }
    let input = Input::new(parameters, bases)?;
    let derived = match method {
        M::PBKDF2 => input.pbkdf2(cx, length),
        M::HASH => input.hash(cx),
        M::HMAC => input.hmac(cx, length),
        M::ENCRYPT => input.encrypt(cx),
        M::NIST800_108_C => input.sp_800_108(cx, Iteration::Counter, length),
        M::NIST800_108_F => {
            let first = input.parameters.initialization_vector.clone().unwrap_or_default();
            input.sp_800_108(cx, Iteration::Feedback(&first), length)
        }
        M::NIST800_108_DPI => input.sp_800_108(cx, Iteration::DoublePipeline, length),
        M::AWSSignatureVersion4 => input.aws_signature_4(),
        M::HKDF => input.hkdf(cx, length),
        other => Err(unknown(other)),
    }?;
    Ok(derive::shorten(derived, length)?)
}

/// What a method has to work with: a key, and data.
struct Input<'a> {
    key: &'a Managed,
    secret: Secret,
    /// Whether the key is secret data.
    is_secret_data: bool,
    /// The derivation data that the request holds or another object is.
    data: Option<Secret>,
    chosen: Option<CryptographicParameters>,
    parameters: DerivationParameters,
}

impl<'a> Input<'a> {
    /// The first object is the key. Secret data behind it is the derivation data, which must not be said twice then.
    fn new(parameters: DerivationParameters, bases: &'a [Base]) -> Result<Self, Failure> {
        let (first, rest) = bases.split_first().ok_or_else(|| Failure::missing("the Unique Identifier"))?;
        let explicit = parameters.derivation_data.first().cloned().map(Secret::from_shared);
        let implicit = match rest {
            [] => None,
            [data] => Some(bytes_of_secret(&data.object)?.clone()),
            _ => {
                return Err(Failure::new(
                    Kind::InvalidField,
                    "this method derives from a key and data, not from more objects",
                ));
            }
        };
        if implicit.is_some() && !parameters.derivation_data.is_empty() {
            return Err(ambiguous());
        }
        let given = parameters.cryptographic_parameters.as_ref().map(Borrow::borrow);
        let chosen = chosen(given, &first.key)?.cloned();
        Ok(Self {
            key: &first.key,
            secret: key_bytes(&first.object)?.clone(),
            is_secret_data: matches!(first.object, ManagedObject::SecretData(_)),
            data: explicit.or(implicit),
            chosen,
            parameters,
        })
    }

    /// PKCS #5. The password is the object.
    fn pbkdf2(&self, cx: &Context<'_>, length: usize) -> Result<Wiped, Failure> {
        match (&self.data, self.is_secret_data) {
            (None, _) => {}
            (Some(_), true) => return Err(ambiguous()),
            (Some(_), false) => return Err(invalid("PBKDF2 derives from a password alone")),
        }
        let salt = self.parameters.salt.as_ref().ok_or_else(|| invalid("PBKDF2 needs a Salt"))?;
        let iterations = size("the Iteration Count", self.parameters.iteration_count)?
            .filter(|count| *count > 0)
            .ok_or_else(|| invalid("PBKDF2 needs an Iteration Count above zero"))?;
        // RFC 8018 §A.2: the default is SHA-1.
        let hash = hash(cx, self.named_hash().unwrap_or(HashingAlgorithm::SHA_1))?;
        let blocks = length.div_ceil(hash.length()?.max(1));
        if iterations.saturating_mul(blocks) > MOST_ITERATIONS {
            return Err(invalid("the Iteration Count is more than the server does for one key"));
        }
        Ok(derive::pbkdf2(hash, self.secret.expose(), salt, iterations, length)?)
    }

    /// "A hash over the derivation key or the derivation data": not both.
    fn hash(&self, cx: &Context<'_>) -> Result<Wiped, Failure> {
        match (&self.data, self.is_secret_data) {
            (None, _) => {}
            (Some(_), true) => return Err(ambiguous()),
            (Some(_), false) => {
                return Err(invalid("HASH derives from a key or from Derivation Data, not from both"));
            }
        }
        let hash = hash(cx, self.named_hash().ok_or_else(|| invalid("HASH needs a Hashing Algorithm"))?)?;
        Ok(Wiped::from(crypto::digest(hash, self.secret.expose())?))
    }

    /// An HMAC over the data. PyKMIP has HKDF here, and its clients tell it so by a Salt, which has no meaning otherwise.
    fn hmac(&self, cx: &Context<'_>, length: usize) -> Result<Wiped, Failure> {
        let hash = self.hmac_hash(cx)?;
        let data = self.data()?;
        if let Some(salt) = &self.parameters.salt {
            return Ok(derive::hkdf(hash, self.secret.expose(), salt, data, length)?);
        }
        Ok(Wiped::from(mac(MacAlgorithm::Hmac(hash), self.secret.expose(), &[data])?))
    }

    /// The data, encrypted.
    fn encrypt(&self, cx: &Context<'_>) -> Result<Wiped, Failure> {
        let chosen = self.chosen.as_ref();
        if behaviour::MODES_OF_DERIVATION.contains(cx.version()) {
            self.check_mode(chosen)?;
        }
        let named = algorithm_of(chosen, self.key)?;
        let cipher = Cipher::of(cx, cipher_algorithm(named)?, chosen)?;
        let iv = self.parameters.initialization_vector.clone().unwrap_or_default();
        let counted = cipher::with_counter(cipher.algorithm, cipher.mode, &iv, cipher.counter)?;
        let with = Parameters {
            padding: cipher.padding,
            tag_length: cipher.tag_length,
            ..Parameters::new(
                cipher.algorithm,
                cipher.mode,
                self.secret.expose(),
                counted.as_deref().unwrap_or(&iv),
            )
        };
        Ok(Wiped::from(crypto::encrypt(&with, self.data()?)?.data))
    }

    /// 1.4 §4.6: the mode has to be one of those that the key has, if it has any.
    fn check_mode(&self, chosen: Option<&CryptographicParameters>) -> Result<(), Failure> {
        let mut own = self
            .key
            .attributes
            .iter()
            .filter_map(|instance| match &instance.value {
                AttributeValue::CryptographicParameters(parameters) => Some(parameters.block_cipher_mode),
                _ => None,
            })
            .peekable();
        let mode = chosen.and_then(|chosen| chosen.block_cipher_mode);
        if own.peek().is_some() && !own.any(|own| own == mode) {
            return Err(invalid("the Block Cipher Mode is none of the key's Cryptographic Parameters"));
        }
        Ok(())
    }

    /// With an HMAC, if a digest is named or the key is one for it; else with a CMAC.
    fn sp_800_108(
        &self,
        cx: &Context<'_>,
        iteration: Iteration<'_>,
        length: usize,
    ) -> Result<Wiped, Failure> {
        let chosen = self.chosen.as_ref();
        let named = chosen
            .and_then(|chosen| chosen.cryptographic_algorithm)
            .or_else(|| algorithm(&self.key.attributes));
        let mode = chosen.and_then(|chosen| chosen.block_cipher_mode);
        let function = match (self.named_hash(), named.and_then(hmac), named) {
            (Some(name), ..) => MacAlgorithm::Hmac(hash(cx, name)?),
            (None, Some(of_name), _) => MacAlgorithm::Hmac(permit_hash(cx, of_name)?),
            (None, None, Some(named)) if matches!(mode, None | Some(BlockCipherMode::CMAC)) => {
                MacAlgorithm::Cmac(permit_cipher(cx, cipher_algorithm(named)?)?)
            }
            _ => return Err(invalid("the method needs a Hashing Algorithm, or a block cipher for CMAC")),
        };
        Ok(derive::sp_800_108(iteration, function, self.secret.expose(), self.data()?, length)?)
    }

    /// 2.0 §7.8: the data is the date, the region and the service, in this order.
    fn aws_signature_4(&self) -> Result<Wiped, Failure> {
        let [date, region, service] = &self.parameters.derivation_data[..] else {
            return Err(invalid("the method needs three Derivation Data: date, region and service"));
        };
        Ok(derive::aws_signature_4(self.secret.expose(), [date, region, service].map(Bytes::as_ref))?)
    }

    /// 2.0 §7.8: the salt is the Salt, the information is the data, and the digest is SHA-256 unless said otherwise.
    fn hkdf(&self, cx: &Context<'_>, length: usize) -> Result<Wiped, Failure> {
        let hash = hash(cx, self.named_hash().unwrap_or(HashingAlgorithm::SHA_256))?;
        let salt = self.parameters.salt.as_deref().unwrap_or_default();
        let info = self.data.as_ref().map(Secret::expose).unwrap_or_default();
        Ok(derive::hkdf(hash, self.secret.expose(), salt, info, length)?)
    }

    fn named_hash(&self) -> Option<HashingAlgorithm> {
        self.chosen.as_ref().and_then(|chosen| chosen.hashing_algorithm)
    }

    /// "The attributes of the derivation key provide enough information", where its algorithm names a digest.
    fn hmac_hash(&self, cx: &Context<'_>) -> Result<Hash, Failure> {
        match (algorithm(&self.key.attributes).and_then(hmac), self.named_hash()) {
            (Some(of_key), _) => permit_hash(cx, of_key),
            (None, Some(named)) => hash(cx, named),
            (None, None) => {
                let named = self.chosen.as_ref().and_then(|chosen| chosen.cryptographic_algorithm);
                let of_name =
                    named.and_then(hmac).ok_or_else(|| invalid("HMAC needs a Hashing Algorithm"))?;
                permit_hash(cx, of_name)
            }
        }
    }

    /// The derivation data, of which there has to be one.
    fn data(&self) -> Result<&[u8], Failure> {
        let data = self.data.as_ref().ok_or_else(|| invalid("the Derivation Data is missing"))?;
        Ok(data.expose())
    }
}

fn key_bytes(object: &ManagedObject) -> Result<&Secret, Failure> {
    match object {
        ManagedObject::SecretData(_) => bytes_of_secret(object),
        _ => symmetric_key_bytes(object),
    }
}

/// 1.4 §11.7: "Invalid Derivation Parameters".
#[cold]
fn invalid(message: &'static str) -> Failure {
    Failure::new(Kind::InvalidField, message)
}

#[cold]
fn ambiguous() -> Failure {
    Failure::new(Kind::InvalidMessage, "the derivation data is given twice: as such, and as Secret Data")
}

#[cold]
fn unknown(method: DerivationMethod) -> Failure {
    Failure::new(Kind::InvalidField, format!("{method} is no Derivation Method that is supported"))
}

/// What the server does for one request, in computations of the pseudorandom function.
const MOST_ITERATIONS: usize = 10_000_000;
