//! Certificates.

use super::{Call, Id, text, wire_if_any};
use crate::{
    ttlv::{Bytes, DateTime, Interval, Text, Version},
    types::{
        AttributeSet, Certificate, CertificateRequestType, CertifyRequest, Operation, ReCertifyRequest,
        UniqueIdentifier, ValidateRequest, ValidityIndicator,
    },
};

/// Has the server make a certificate for a public key that it keeps, for the key in a certificate request, or for both if
/// they are the same; its identifier. Without a request, the attributes say whose it is, and its Certificate Type.
pub fn certify(
    public_key: impl Into<Id>,
    request: impl Into<Option<(CertificateRequestType, Bytes)>>,
    attributes: AttributeSet,
) -> Call<Text> {
    let (id, request) = (public_key.into(), request.into());
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire_if_any(&attributes, version);
            let (request_type, value) = request.unzip();
            let (certificate_request, certificate_request_value) =
                value.map_or((None, None), |value| request_fields(value, version));
            Ok(CertifyRequest {
                unique_identifier: id.optional(),
                certificate_request_type: request_type,
                certificate_request,
                certificate_request_value,
                template_attribute,
                attributes,
                ..CertifyRequest::new()
            })
        },
        |response| text(response.unique_identifier, Operation::Certify),
    )
}

/// Has the server make a certificate that takes the place of another; its identifier.
pub fn re_certify(
    certificate: impl Into<Id>,
    request: Option<(CertificateRequestType, Bytes)>,
    offset: impl Into<Option<Interval>>,
    attributes: AttributeSet,
) -> Call<Text> {
    let (id, offset) = (certificate.into(), offset.into());
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire_if_any(&attributes, version);
            let (request_type, value) = request.unzip();
            let (certificate_request, certificate_request_value) =
                value.map_or((None, None), |value| request_fields(value, version));
            Ok(ReCertifyRequest {
                unique_identifier: id.optional(),
                certificate_request_type: request_type,
                certificate_request,
                certificate_request_value,
                offset,
                template_attribute,
                attributes,
                ..ReCertifyRequest::new()
            })
        },
        |response| text(response.unique_identifier, Operation::ReCertify),
    )
}

/// Whether certificates, sent along or kept by the server, form a valid chain; now, or at another time.
pub fn validate(
    certificates: Vec<Certificate>,
    ids: &[&str],
    at: impl Into<Option<DateTime>>,
) -> Call<ValidityIndicator> {
    Call::from(ValidateRequest {
        certificate: certificates,
        unique_identifier: ids.iter().map(|id| UniqueIdentifier::TextString((*id).into())).collect(),
        validity_date: at.into(),
        ..ValidateRequest::new()
    })
    .map(|response| response.validity_indicator)
}

/// The field for a certificate request, which KMIP 2.0 renamed (1.4 §4.7, 2.0 §6.1.6).
fn request_fields(value: Bytes, version: Version) -> (Option<Bytes>, Option<Bytes>) {
    if CertifyRequest::has_certificate_request(version) { (Some(value), None) } else { (None, Some(value)) }
}
