//! Cryptographic parameters on the command line.

use clap::Args;
use kmip::types::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, DigitalSignatureAlgorithm,
    HashingAlgorithm, MaskGenerator, PaddingMethod,
};

use super::values;

/// How an operation is to be done; where nothing is said, as the key's attributes say.
#[derive(Args, Debug)]
pub(crate) struct Parameters {
    /// The algorithm, such as AES, RSA or HMAC-SHA256.
    #[arg(long, value_parser = values::algorithm())]
    algorithm: Option<CryptographicAlgorithm>,

    /// The hash, such as SHA-256.
    #[arg(long, value_parser = values::hash())]
    hash: Option<HashingAlgorithm>,

    /// The mode of a block cipher, such as CBC or CMAC.
    #[arg(long, value_parser = values::mode())]
    mode: Option<BlockCipherMode>,

    /// The padding, such as PKCS5, PKCS1v1.5, OAEP or PSS.
    #[arg(long, value_parser = values::padding())]
    padding: Option<PaddingMethod>,

    /// The signature algorithm in one word, such as SHA-256WithRSAEncryption.
    #[arg(long, value_name = "ALGORITHM", value_parser = values::signature_algorithm())]
    signature_algorithm: Option<DigitalSignatureAlgorithm>,

    /// The mask generator of OAEP and PSS.
    #[arg(long, value_name = "GENERATOR", value_parser = values::mask_generator())]
    mask_generator: Option<MaskGenerator>,

    /// The hash of the mask generator.
    #[arg(long, value_name = "HASH", value_parser = values::hash())]
    mask_hash: Option<HashingAlgorithm>,

    /// The length of the salt of PSS in bytes.
    #[arg(long, value_name = "BYTES")]
    salt_length: Option<i32>,
}

impl Parameters {
    /// The parameters, if anything is said.
    pub(crate) fn get(&self) -> Option<CryptographicParameters> {
        let parameters = CryptographicParameters {
            block_cipher_mode: self.mode,
            padding_method: self.padding,
            hashing_algorithm: self.hash,
            digital_signature_algorithm: self.signature_algorithm,
            cryptographic_algorithm: self.algorithm,
            salt_length: self.salt_length,
            mask_generator: self.mask_generator,
            mask_generator_hashing_algorithm: self.mask_hash,
            ..CryptographicParameters::new()
        };
        (parameters != CryptographicParameters::new()).then_some(parameters)
    }
}
