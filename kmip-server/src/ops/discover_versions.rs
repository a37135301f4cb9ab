use kmip::types::{DiscoverVersionsRequest, DiscoverVersionsResponse, version};

use crate::engine::{Context, Failure};

/// Discover Versions: which versions both sides speak (KMIP 1.4 §4.26, 2.0 §6.1.16).
pub(super) fn discover_versions(
    _cx: &mut Context<'_>,
    request: DiscoverVersionsRequest,
) -> Result<DiscoverVersionsResponse, Failure> {
    let protocol_version = if request.protocol_version.is_empty() {
        version::ALL.iter().rev().map(|version| (*version).into()).collect()
    } else {
        // In the client's order of preference.
        request.protocol_version.into_iter().filter(|version| version.known().is_ok()).collect()
    };
    Ok(DiscoverVersionsResponse { protocol_version, ..DiscoverVersionsResponse::new() })
}
