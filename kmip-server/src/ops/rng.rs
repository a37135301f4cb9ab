use kmip::ttlv::Secret;
use kmip::types::{
    Data, DataEnumeration, RngRetrieveRequest, RngRetrieveResponse, RngSeedRequest, RngSeedResponse,
};

use crate::crypto;
use crate::engine::{Context, Failure, Kind};

/// RNG Retrieve (KMIP 1.4 §4.35, 2.0 §6.1.45).
pub(super) fn rng_retrieve(
    cx: &mut Context<'_>,
    request: RngRetrieveRequest,
) -> Result<RngRetrieveResponse, Failure> {
    let most = cx.settings().limits.size;
    let length = usize::try_from(request.data_length)
        .ok()
        .filter(|length| *length > 0)
        .ok_or_else(|| Failure::new(Kind::InvalidField, "the Data Length is not above zero"))?;
    if length > most {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("{length} bytes are more than the {most} that the server gives at once"),
        ));
    }
    let data = Secret::from_shared(crypto::random(length)?.into());
    cx.reserve(length);
    cx.yields(DataEnumeration::RNGRetrieve, &data);
    Ok(RngRetrieveResponse::new(Data::ByteString(data)))
}

/// RNG Seed (KMIP 1.4 §4.36, 2.0 §6.1.46). All of the seed is used.
pub(super) fn rng_seed(cx: &mut Context<'_>, request: RngSeedRequest) -> Result<RngSeedResponse, Failure> {
    let seed = cx.data(request.data)?;
    crypto::random::seed(seed.expose())?;
    Ok(RngSeedResponse::new(i32::try_from(seed.len()).unwrap_or(i32::MAX)))
}
