//! Cryptographic Parameters (KMIP 1.4 §3.6, 2.0 §4.16), and what they mean to the cipher.

use kmip::ttlv::{Secret, Tag};
use kmip::types::{
    AttributeValue, BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, CryptographicUsageMask,
    Data, PaddingMethod,
};

use crate::crypto::{Algorithm, Mode, Padding};
use crate::engine::{Context, Failure, Kind, Managed, Use, algorithm, check_use, usage_mask};

/// A symmetric cipher and how it is to be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cipher {
    pub(super) algorithm: Algorithm,
    pub(super) mode: Mode,
    pub(super) padding: Padding,
    /// The length of the authentication tag, in bytes.
    pub(super) tag_length: usize,
    /// The length of a vector that the server makes, in bytes, if the parameters say.
    pub(super) iv_length: Option<usize>,
}

impl Cipher {
    /// What a request's parameters mean for a key; without any, those of the key with the lowest index count.
    pub(super) fn new(given: Option<&CryptographicParameters>, key: &Managed) -> Result<Self, Failure> {
        let own = || {
            let mut own: Vec<_> = key
                .attributes
                .iter()
                .filter_map(|instance| match &instance.value {
                    AttributeValue::CryptographicParameters(parameters) => {
                        Some((instance.index, &**parameters))
                    }
                    _ => None,
                })
                .collect();
            own.sort_by_key(|(index, _)| *index);
            own.first().map(|(_, parameters)| *parameters)
        };
        let parameters = given.or_else(own).ok_or_else(|| missing("Cryptographic Parameters"))?;
        if let Some(item) = given.and_then(|given| given.unknown.iter().next()) {
            return Err(Failure::new(
                Kind::BadParameters,
                format!("{} is no Cryptographic Parameter in this version", item.tag),
            ));
        }
        let of_key = algorithm(&key.attributes);
        let of_request = parameters.cryptographic_algorithm;
        if let (Some(of_request), Some(of_key)) = (of_request, of_key)
            && of_request != of_key
        {
            return Err(Failure::new(
                Kind::BadParameters,
                format!("the key is one for {of_key}, not for {of_request}"),
            ));
        }
        let algorithm = of_request.or(of_key).ok_or_else(|| missing("the Cryptographic Algorithm"))?;
        let algorithm = match algorithm {
            CryptographicAlgorithm::AES => Algorithm::Aes,
            other => {
                return Err(Failure::new(Kind::UnsupportedParameters, format!("{other} is not supported")));
            }
        };
        let mode = match parameters.block_cipher_mode.ok_or_else(|| missing("the Block Cipher Mode"))? {
            BlockCipherMode::CBC => Mode::Cbc,
            BlockCipherMode::ECB => Mode::Ecb,
            BlockCipherMode::CTR => Mode::Ctr,
            BlockCipherMode::GCM => Mode::Gcm,
            other => {
                return Err(Failure::new(Kind::UnsupportedParameters, format!("{other} is not supported")));
            }
        };
        let padding = match (mode, parameters.padding_method) {
            // These need none, and what clients say of it makes no difference.
            (Mode::Ctr | Mode::Gcm, _) | (_, None | Some(PaddingMethod::None)) => Padding::None,
            (_, Some(PaddingMethod::PKCS5)) => Padding::Pkcs5,
            (_, Some(PaddingMethod::ANSIX9_23)) => Padding::AnsiX923,
            (_, Some(other)) => {
                return Err(Failure::new(
                    Kind::UnsupportedParameters,
                    format!("padding {other} is not supported"),
                ));
            }
        };
        let size = |name: &str, value: i32| {
            usize::try_from(value)
                .map_err(|_| Failure::new(Kind::BadParameters, format!("{name} is below zero")))
        };
        Ok(Self {
            algorithm,
            mode,
            padding,
            tag_length: parameters.tag_length.map_or(Ok(DEFAULT_TAG), |length| size("Tag Length", length))?,
            // In bits (1.4 §3.6).
            iv_length: parameters
                .iv_length
                .map(|bits| size("IV Length", bits).map(|bits| bits / 8))
                .transpose()?,
        })
    }
}

/// Checks that a key may be used this way: its state, its dates, its usage mask.
pub(super) fn check_key(
    cx: &Context<'_>,
    key: &Managed,
    purpose: Use,
    bit: CryptographicUsageMask,
) -> Result<(), Failure> {
    check_use(&key.attributes, purpose, cx.now())?;
    if !usage_mask(&key.attributes).unwrap_or_default().contains(bit) {
        return Err(Failure::new(Kind::UsageMask, format!("the key's Cryptographic Usage Mask lacks {bit}")));
    }
    Ok(())
}

/// The data of a request that does all in one part. Streams come with Init Indicator, Correlation Value and Final
/// Indicator (1.4 §4); a request that is first and last part at once is none.
pub(super) fn whole(
    data: Option<Data>,
    correlation: bool,
    init: Option<bool>,
    last: Option<bool>,
) -> Result<Secret, Failure> {
    let is_stream = correlation || init.unwrap_or_default() != last.unwrap_or_default();
    if is_stream {
        return Err(Failure::new(Kind::FeatureNotSupported, "data is taken in one part, not as a stream"));
    }
    match data {
        Some(Data::ByteString(data)) => Ok(data),
        Some(_) => Err(Failure::new(Kind::FeatureNotSupported, "data is taken as a Byte String alone")),
        None if init == Some(true) => Ok(Secret::default()),
        None => Err(Failure::missing("the Data")),
    }
}

#[cold]
fn missing(what: &'static str) -> Failure {
    Failure::new(
        Kind::BadParameters,
        format!("{what} must be given, in the request or as an attribute of the key"),
    )
}

/// The tag of an authenticated mode for which no other length is asked, in bytes.
const DEFAULT_TAG: usize = 16;

/// The attribute that says how often a key may be used.
pub(super) const USAGE_LIMITS: Tag = Tag::UsageLimits;
