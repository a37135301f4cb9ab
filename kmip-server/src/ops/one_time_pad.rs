//! The One Time Pad (KMIP 1.3 and later): what is encrypted or decrypted is combined with the secret, bit by bit.
//!
//! That a pad is used once is its clients' business: the official cases (TC-OTP-5) encrypt with the same one twice.

use kmip::ttlv::Secret;
use kmip::types::{CryptographicAlgorithm, CryptographicParameters, ManagedObject};

use super::parameters::{algorithm_of, chosen};
use crate::engine::{
    Context, End, Failure, Kind, Managed, Work, algorithm, secret_bytes, symmetric_key_bytes,
};
use crate::wipe::Wiped;

/// The work, if the key is a pad.
pub(super) fn work(
    cx: &Context<'_>,
    key: &Managed,
    material: &ManagedObject,
    parameters: Option<&CryptographicParameters>,
) -> Result<Option<Box<dyn Work>>, Failure> {
    const PAD: CryptographicAlgorithm = CryptographicAlgorithm::OneTimePad;
    if algorithm(&key.attributes) != Some(PAD) || !PAD.is_in(cx.version()) {
        return Ok(None);
    }
    // That it doesn't ask for anything else.
    algorithm_of(chosen(parameters, key)?, key)?;
    let pad = match material {
        ManagedObject::SecretData(_) => secret_bytes(material)?,
        _ => symmetric_key_bytes(material)?,
    };
    Ok(Some(Box::new(Pad { pad: pad.clone(), used: 0 })))
}

struct Pad {
    pad: Secret,
    used: usize,
}

impl Work for Pad {
    fn update(&mut self, data: &[u8], out: &mut Wiped) -> Result<(), Failure> {
        let end = self.used.saturating_add(data.len());
        let Some(pad) = self.pad.expose().get(self.used..end) else {
            return Err(Failure::new(Kind::Cryptographic, "the data is longer than the pad"));
        };
        let room = out.len().saturating_add(data.len());
        out.grow(room);
        out.extend(data.iter().zip(pad).map(|(byte, pad)| byte ^ pad));
        self.used = end;
        Ok(())
    }

    fn finish(self: Box<Self>, _out: &mut Wiped) -> Result<End, Failure> {
        Ok(End::Done)
    }
}
