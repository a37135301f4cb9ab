use kmip::types::{EndpointRole, SetEndpointRoleRequest, SetEndpointRoleResponse};

use crate::engine::{Context, Failure, Kind};

/// Set Endpoint Role: which role the server is to have on this connection (KMIP 2.0 §6.1.48). It stays the server: what
/// it tells clients it sends over connections of its own.
pub(super) fn set_endpoint_role(
    _cx: &mut Context<'_>,
    request: SetEndpointRoleRequest,
) -> Result<SetEndpointRoleResponse, Failure> {
    match request.endpoint_role {
        EndpointRole::Server => Ok(SetEndpointRoleResponse::new(EndpointRole::Server)),
        EndpointRole::Client => Err(Failure::new(
            Kind::FeatureNotSupported,
            "the server takes the client's role on no connection",
        )),
        other => Err(Failure::new(Kind::InvalidField, format!("{other} is no Endpoint Role"))),
    }
}
