use std::borrow::Borrow;

use kmip::types::{CryptographicParameters, Data, DataEnumeration, HashRequest, HashResponse};

use super::parameters::{hash, missing};
use super::parts::{self, Part};
use crate::crypto::Digest;
use crate::engine::{Context, End, Failure, Work};
use crate::wipe::Wiped;

/// Hash (KMIP 1.4 §4.37, 2.0 §6.1.23).
pub(super) fn hash_data(cx: &mut Context<'_>, request: HashRequest) -> Result<HashResponse, Failure> {
    let part = Part {
        correlation: request.correlation_value,
        init: request.init_indicator,
        last: request.final_indicator,
        data: request.data,
        expected: None,
    };
    let parameters: &CryptographicParameters = request.cryptographic_parameters.borrow();
    let mut given = parts::without_key(cx, part, |cx| {
        let algorithm = parameters.hashing_algorithm.ok_or_else(|| missing("the Hashing Algorithm"))?;
        Ok(Box::new(Hashing(Digest::new(hash(cx, algorithm)?)?)))
    })?;
    let mut response = HashResponse::new();
    if let Some(data) = given.take_data() {
        cx.yields(DataEnumeration::Hash, &data);
        response.data = Some(Data::ByteString(data));
    }
    response.correlation_value = given.correlation;
    Ok(response)
}

struct Hashing(Digest);

impl Work for Hashing {
    fn update(&mut self, data: &[u8], _out: &mut Wiped) -> Result<(), Failure> {
        Ok(self.0.update(data)?)
    }

    fn finish(self: Box<Self>, out: &mut Wiped) -> Result<End, Failure> {
        *out = Wiped::from(self.0.finish()?);
        Ok(End::Done)
    }
}
