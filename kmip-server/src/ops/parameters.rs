//! Cryptographic Parameters (KMIP 1.4 §3.6, 2.0 §4.16), and what they mean to the cipher.

use kmip::types::{
    AttributeValue, BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, HashingAlgorithm,
    PaddingMethod,
};

use crate::crypto::{Algorithm, Hash, Mode, Padding, cipher};
use crate::engine::{Context, Failure, Kind, Managed, algorithm};

/// A symmetric cipher and how it is to be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cipher {
    pub(super) algorithm: Algorithm,
    pub(super) mode: Mode,
    pub(super) padding: Padding,
    /// The length of the authentication tag, in bytes.
    pub(super) tag_length: usize,
    /// Whether the client asks for a vector, if it says.
    pub(super) random_iv: Option<bool>,
    /// The length of a vector that the server makes, in bytes.
    pub(super) iv_length: usize,
    /// Where the counter starts, if a vector may be without it.
    pub(super) counter: Option<u32>,
}

/// The Cryptographic Parameters that count: those of the request; without any, those of the key with the lowest index.
///
/// # Errors
///
/// When the request's hold something that is none in its version.
pub(super) fn chosen<'a>(
    given: Option<&'a CryptographicParameters>,
    key: &'a Managed,
) -> Result<Option<&'a CryptographicParameters>, Failure> {
    if let Some(item) = given.and_then(|given| given.unknown.iter().next()) {
        return Err(Failure::new(
            Kind::BadParameters,
            format!("{} is no Cryptographic Parameter in this version", item.tag),
        ));
    }
    Ok(given.or_else(|| {
        let own = key.attributes.iter().filter_map(|instance| match &instance.value {
            AttributeValue::CryptographicParameters(parameters) => Some((instance.index, &**parameters)),
            _ => None,
        });
        own.min_by_key(|(index, _)| *index).map(|(_, parameters)| parameters)
    }))
}

/// The algorithm that a request means for a key: they have to agree.
///
/// # Errors
///
/// When they don't, or neither says.
pub(super) fn algorithm_of(
    parameters: Option<&CryptographicParameters>,
    key: &Managed,
) -> Result<CryptographicAlgorithm, Failure> {
    let of_key = algorithm(&key.attributes);
    let of_request = parameters.and_then(|parameters| parameters.cryptographic_algorithm);
    match (of_request, of_key) {
        (Some(of_request), Some(of_key)) if of_request != of_key => Err(Failure::new(
            Kind::BadParameters,
            format!("the key is one for {of_key}, not for {of_request}"),
        )),
        (Some(algorithm), _) | (None, Some(algorithm)) => Ok(algorithm),
        (None, None) => Err(missing("the Cryptographic Algorithm")),
    }
}

impl Cipher {
    /// What the parameters mean for a key.
    pub(super) fn new(
        cx: &Context<'_>,
        given: Option<&CryptographicParameters>,
        key: &Managed,
    ) -> Result<Self, Failure> {
        let parameters = chosen(given, key)?;
        let algorithm = cipher_algorithm(algorithm_of(parameters, key)?)?;
        Self::of(cx, algorithm, parameters)
    }

    /// What the parameters mean for an algorithm.
    pub(super) fn of(
        cx: &Context<'_>,
        algorithm: Algorithm,
        parameters: Option<&CryptographicParameters>,
    ) -> Result<Self, Failure> {
        let none = CryptographicParameters::new();
        let mode = mode(algorithm, parameters)?;
        let parameters = parameters.unwrap_or(&none);
        let padding = padding(mode, parameters.padding_method)?;
        permit_cipher(cx, algorithm)?;
        let Some(usual) = cipher::iv_length(algorithm, mode) else {
            return Err(Failure::new(
                Kind::UnsupportedParameters,
                format!("{algorithm} is not supported in {mode} mode"),
            ));
        };
        let nonce = Nonce::new(parameters, usual)?;
        Ok(Self {
            algorithm,
            mode,
            padding,
            tag_length: size("Tag Length", parameters.tag_length)?.unwrap_or(DEFAULT_TAG),
            random_iv: parameters.random_iv,
            iv_length: nonce.length,
            counter: nonce.counter,
        })
    }
}

/// What the parameters say of vectors.
struct Nonce {
    length: usize,
    counter: Option<u32>,
}

impl Nonce {
    /// 1.4 §3.6: a vector has a fixed field, an invocation field and a counter, whose lengths are in bits. One that the
    /// server makes is random in both fields (SP 800-38D §8.2.2, with an empty free field).
    fn new(parameters: &CryptographicParameters, usual: usize) -> Result<Self, Failure> {
        let whole_bytes = |name: &'static str, bits: Option<i32>| match size(name, bits)? {
            Some(bits) if !bits.is_multiple_of(8) => Err(Failure::new(
                Kind::BadParameters,
                format!("{name} is in bits, and {bits} are no whole bytes"),
            )),
            bits => Ok(bits.map(|bits| bits / 8)),
        };
        let iv = whole_bytes("IV Length", parameters.iv_length)?;
        let fixed = whole_bytes("Fixed Field Length", parameters.fixed_field_length)?;
        let invocation = whole_bytes("Invocation Field Length", parameters.invocation_field_length)?;
        let counter = whole_bytes("Counter Length", parameters.counter_length)?;
        let fields = match (fixed, invocation) {
            (None, None) => None,
            (fixed, invocation) => {
                Some(fixed.unwrap_or_default().saturating_add(invocation.unwrap_or_default()))
            }
        };
        let with_counter = |length: usize| length.saturating_add(counter.unwrap_or_default());
        if let (Some(iv), Some(fields)) = (iv, fields)
            && fields != iv
            && with_counter(fields) != iv
        {
            return Err(Failure::new(Kind::BadParameters, "the fields of the IV are not as long as it is"));
        }
        let length = fields.or(iv).or_else(|| counter.and_then(|counter| usual.checked_sub(counter)));
        let first = match parameters.initial_counter_value {
            // An unsigned number of 32 bits, in an Integer.
            Some(first) => Some(u32::from_be_bytes(first.to_be_bytes())),
            None => length.filter(|length| *length < usual).map(|_| 0),
        };
        Ok(Self { length: length.unwrap_or(usual), counter: first })
    }
}

/// The symmetric algorithm of this name.
///
/// # Errors
///
/// When the server has none.
pub(super) fn cipher_algorithm(algorithm: CryptographicAlgorithm) -> Result<Algorithm, Failure> {
    use CryptographicAlgorithm as A;
    Ok(match algorithm {
        A::AES => Algorithm::Aes,
        A::ARIA => Algorithm::Aria,
        A::SEED => Algorithm::Seed,
        A::SM4 => Algorithm::Sm4,
        A::DES => Algorithm::Des,
        A::DES3 => Algorithm::TripleDes,
        A::Blowfish => Algorithm::Blowfish,
        A::Camellia => Algorithm::Camellia,
        A::CAST5 => Algorithm::Cast5,
        A::IDEA => Algorithm::Idea,
        A::RC4 => Algorithm::Rc4,
        A::ChaCha20 => Algorithm::ChaCha20,
        A::ChaCha20Poly1305 => Algorithm::ChaCha20Poly1305,
        other => {
            return Err(Failure::new(
                Kind::UnsupportedParameters,
                format!("{other} is not supported as a cipher"),
            ));
        }
    })
}

/// The digest of this name.
///
/// # Errors
///
/// When the server has none, or it may not be used.
pub(super) fn hash(cx: &Context<'_>, algorithm: HashingAlgorithm) -> Result<Hash, Failure> {
    use HashingAlgorithm as H;
    let hash = match algorithm {
        H::MD4 => Hash::Md4,
        H::MD5 => Hash::Md5,
        H::SHA_1 => Hash::Sha1,
        H::SHA_224 => Hash::Sha224,
        H::SHA_256 => Hash::Sha256,
        H::SHA_384 => Hash::Sha384,
        H::SHA_512 => Hash::Sha512,
        H::SHA_512_224 => Hash::Sha512_224,
        H::SHA_512_256 => Hash::Sha512_256,
        H::SHA3_224 => Hash::Sha3_224,
        H::SHA3_256 => Hash::Sha3_256,
        H::SHA3_384 => Hash::Sha3_384,
        H::SHA3_512 => Hash::Sha3_512,
        H::RIPEMD_160 => Hash::Ripemd160,
        H::Whirlpool => Hash::Whirlpool,
        other => {
            return Err(Failure::new(
                Kind::UnsupportedParameters,
                format!("{other} is not supported as a digest"),
            ));
        }
    };
    permit_hash(cx, hash)
}

/// The digest, if it may be used.
///
/// # Errors
///
/// When it is weak, and weak ones are switched off.
pub(super) fn permit_hash(cx: &Context<'_>, hash: Hash) -> Result<Hash, Failure> {
    if hash.is_weak() {
        cx.permit_weak(hash.name())?;
    }
    Ok(hash)
}

/// The cipher, if it may be used.
///
/// # Errors
///
/// When it is weak, and weak ones are switched off.
pub(super) fn permit_cipher(cx: &Context<'_>, cipher: Algorithm) -> Result<Algorithm, Failure> {
    if cipher.is_weak() {
        cx.permit_weak(cipher.name())?;
    }
    Ok(cipher)
}

/// The digest of the keyed digest of this name.
pub(super) fn hmac(algorithm: CryptographicAlgorithm) -> Option<Hash> {
    use CryptographicAlgorithm as A;
    Some(match algorithm {
        A::HMAC_MD5 => Hash::Md5,
        A::HMAC_SHA1 => Hash::Sha1,
        A::HMAC_SHA224 => Hash::Sha224,
        A::HMAC_SHA256 => Hash::Sha256,
        A::HMAC_SHA384 => Hash::Sha384,
        A::HMAC_SHA512 => Hash::Sha512,
        A::HMAC_SHA3_224 => Hash::Sha3_224,
        A::HMAC_SHA3_256 => Hash::Sha3_256,
        A::HMAC_SHA3_384 => Hash::Sha3_384,
        A::HMAC_SHA3_512 => Hash::Sha3_512,
        _ => return None,
    })
}

fn mode(algorithm: Algorithm, parameters: Option<&CryptographicParameters>) -> Result<Mode, Failure> {
    use BlockCipherMode as B;
    let given = parameters.and_then(|parameters| parameters.block_cipher_mode);
    let own = match algorithm {
        Algorithm::Rc4 | Algorithm::ChaCha20 => Some((Mode::Stream, None)),
        Algorithm::ChaCha20Poly1305 => Some((Mode::Aead, Some(B::AEAD))),
        _ => None,
    };
    Ok(match (own, given) {
        (Some((mode, _)), None) => mode,
        (Some((mode, name)), Some(given)) if name == Some(given) => mode,
        (Some(_), Some(given)) => {
            return Err(Failure::new(
                Kind::UnsupportedParameters,
                format!("{algorithm} is no block cipher, and has no {given} mode"),
            ));
        }
        // 1.4 §4.29: without parameters, when "the algorithm requires parameters", the operation fails.
        (None, None) if parameters.is_none() => return Err(missing("Cryptographic Parameters")),
        (None, None) => return Err(missing("the Block Cipher Mode")),
        (None, Some(given)) => match given {
            B::CBC => Mode::Cbc,
            B::ECB => Mode::Ecb,
            B::CFB => Mode::Cfb,
            B::OFB => Mode::Ofb,
            B::CTR => Mode::Ctr,
            B::GCM => Mode::Gcm,
            B::CCM => Mode::Ccm,
            B::XTS => Mode::Xts,
            B::NISTKeyWrap => Mode::KeyWrap,
            B::AESKeyWrapPadding => Mode::KeyWrapPadding,
            other => {
                return Err(Failure::new(Kind::UnsupportedParameters, format!("{other} is not supported")));
            }
        },
    })
}

fn padding(mode: Mode, method: Option<PaddingMethod>) -> Result<Padding, Failure> {
    if !mode.is_padded() {
        // The others need none, and what clients say of it makes no difference.
        return Ok(Padding::None);
    }
    Ok(match method {
        None | Some(PaddingMethod::None) => Padding::None,
        Some(PaddingMethod::PKCS5) => Padding::Pkcs5,
        Some(PaddingMethod::SSL3) => Padding::Ssl3,
        Some(PaddingMethod::Zeros) => Padding::Zeros,
        Some(PaddingMethod::ANSIX9_23) => Padding::AnsiX923,
        Some(PaddingMethod::ISO10126) => Padding::Iso10126,
        Some(other) => {
            return Err(Failure::new(
                Kind::UnsupportedParameters,
                format!("padding {other} is not supported for block ciphers"),
            ));
        }
    })
}

/// A length, which is not below zero.
pub(super) fn size(name: &'static str, value: Option<i32>) -> Result<Option<usize>, Failure> {
    value
        .map(usize::try_from)
        .transpose()
        .map_err(|_| Failure::new(Kind::BadParameters, format!("{name} is below zero")))
}

#[cold]
pub(super) fn missing(what: &'static str) -> Failure {
    Failure::new(
        Kind::BadParameters,
        format!("{what} must be given, in the request or as an attribute of the key"),
    )
}

/// The tag of an authenticated mode for which no other length is asked, in bytes.
const DEFAULT_TAG: usize = 16;
