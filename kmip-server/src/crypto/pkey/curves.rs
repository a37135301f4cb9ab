//! The elliptic curves: which of OpenSSL's is each Recommended Curve of KMIP (1.4 §9.1.3.2.5, 2.0 §11.44).

use kmip::types::RecommendedCurve;
use openssl::asn1::Asn1Object;
use openssl::ec::{EcGroup, EcGroupRef};
use openssl::nid::Nid;

use crate::crypto::CryptoError;

/// OpenSSL's name of a curve.
pub fn name(curve: RecommendedCurve) -> Option<&'static str> {
    CURVES.iter().find(|(known, _)| *known == curve).map(|(_, name)| *name)
}

/// The curve that is taken where a key's length alone is given: the one of FIPS 186-4 over a prime field.
pub fn usual(bits: u32) -> Option<RecommendedCurve> {
    use RecommendedCurve as C;
    Some(match bits {
        192 => C::P_192,
        224 => C::P_224,
        256 => C::P_256,
        384 => C::P_384,
        521 => C::P_521,
        _ => return None,
    })
}

/// How long the coordinates of a curve's points are.
///
/// # Errors
///
/// When OpenSSL as it is installed doesn't have it.
pub fn bits(curve: RecommendedCurve) -> Result<u32, CryptoError> {
    Ok(group(curve)?.degree())
}

/// The curve itself.
pub(super) fn group(curve: RecommendedCurve) -> Result<EcGroup, CryptoError> {
    let name = name(curve).ok_or(CryptoError::Curve(curve))?;
    EcGroup::from_curve_name(nid(name)?).map_err(|_| CryptoError::Curve(curve))
}

/// Which curve it is; none for one that KMIP has no name for.
pub(super) fn curve_of(group: &EcGroupRef) -> Option<RecommendedCurve> {
    let found = group.curve_name()?;
    CURVES.iter().find(|(_, name)| nid(name).is_ok_and(|nid| nid == found)).map(|(curve, _)| *curve)
}

fn nid(name: &str) -> Result<Nid, CryptoError> {
    Ok(Asn1Object::from_str(name)?.nid())
}

static CURVES: [(RecommendedCurve, &str); 68] = {
    use RecommendedCurve as C;
    [
        (C::P_192, "prime192v1"),
        (C::K_163, "sect163k1"),
        (C::B_163, "sect163r2"),
        (C::P_224, "secp224r1"),
        (C::K_233, "sect233k1"),
        (C::B_233, "sect233r1"),
        (C::P_256, "prime256v1"),
        (C::K_283, "sect283k1"),
        (C::B_283, "sect283r1"),
        (C::P_384, "secp384r1"),
        (C::K_409, "sect409k1"),
        (C::B_409, "sect409r1"),
        (C::P_521, "secp521r1"),
        (C::K_571, "sect571k1"),
        (C::B_571, "sect571r1"),
        (C::SECP112R1, "secp112r1"),
        (C::SECP112R2, "secp112r2"),
        (C::SECP128R1, "secp128r1"),
        (C::SECP128R2, "secp128r2"),
        (C::SECP160K1, "secp160k1"),
        (C::SECP160R1, "secp160r1"),
        (C::SECP160R2, "secp160r2"),
        (C::SECP192K1, "secp192k1"),
        (C::SECP224K1, "secp224k1"),
        (C::SECP256K1, "secp256k1"),
        (C::SECT113R1, "sect113r1"),
        (C::SECT113R2, "sect113r2"),
        (C::SECT131R1, "sect131r1"),
        (C::SECT131R2, "sect131r2"),
        (C::SECT163R1, "sect163r1"),
        (C::SECT193R1, "sect193r1"),
        (C::SECT193R2, "sect193r2"),
        (C::SECT239K1, "sect239k1"),
        (C::ANSIX9P192V2, "prime192v2"),
        (C::ANSIX9P192V3, "prime192v3"),
        (C::ANSIX9P239V1, "prime239v1"),
        (C::ANSIX9P239V2, "prime239v2"),
        (C::ANSIX9P239V3, "prime239v3"),
        (C::ANSIX9C2PNB163V1, "c2pnb163v1"),
        (C::ANSIX9C2PNB163V2, "c2pnb163v2"),
        (C::ANSIX9C2PNB163V3, "c2pnb163v3"),
        (C::ANSIX9C2PNB176V1, "c2pnb176v1"),
        (C::ANSIX9C2TNB191V1, "c2tnb191v1"),
        (C::ANSIX9C2TNB191V2, "c2tnb191v2"),
        (C::ANSIX9C2TNB191V3, "c2tnb191v3"),
        (C::ANSIX9C2PNB208W1, "c2pnb208w1"),
        (C::ANSIX9C2TNB239V1, "c2tnb239v1"),
        (C::ANSIX9C2TNB239V2, "c2tnb239v2"),
        (C::ANSIX9C2TNB239V3, "c2tnb239v3"),
        (C::ANSIX9C2PNB272W1, "c2pnb272w1"),
        (C::ANSIX9C2PNB304W1, "c2pnb304w1"),
        (C::ANSIX9C2TNB359V1, "c2tnb359v1"),
        (C::ANSIX9C2PNB368W1, "c2pnb368w1"),
        (C::ANSIX9C2TNB431R1, "c2tnb431r1"),
        (C::BRAINPOOLP160R1, "brainpoolP160r1"),
        (C::BRAINPOOLP160T1, "brainpoolP160t1"),
        (C::BRAINPOOLP192R1, "brainpoolP192r1"),
        (C::BRAINPOOLP192T1, "brainpoolP192t1"),
        (C::BRAINPOOLP224R1, "brainpoolP224r1"),
        (C::BRAINPOOLP224T1, "brainpoolP224t1"),
        (C::BRAINPOOLP256R1, "brainpoolP256r1"),
        (C::BRAINPOOLP256T1, "brainpoolP256t1"),
        (C::BRAINPOOLP320R1, "brainpoolP320r1"),
        (C::BRAINPOOLP320T1, "brainpoolP320t1"),
        (C::BRAINPOOLP384R1, "brainpoolP384r1"),
        (C::BRAINPOOLP384T1, "brainpoolP384t1"),
        (C::BRAINPOOLP512R1, "brainpoolP512r1"),
        (C::BRAINPOOLP512T1, "brainpoolP512t1"),
    ]
};

#[cfg(test)]
mod tests {
    use kmip::types::version;

    use super::*;

    #[test]
    fn every_curve_of_the_tables_has_its_row() {
        for curve in RecommendedCurve::all(version::V2_0) {
            let edwards = matches!(curve, RecommendedCurve::CURVE25519 | RecommendedCurve::CURVE448);
            assert_eq!(name(curve).is_none(), edwards, "{curve}");
        }
    }

    // Distributions of OpenSSL leave some out; those of FIPS 186-4 over prime fields, Brainpool and secp256k1 are there.
    #[test]
    fn what_openssl_has_is_the_same_curve() {
        for (curve, name) in &CURVES {
            match group(*curve) {
                Ok(group) => assert_eq!(curve_of(&group), Some(*curve), "{name}"),
                Err(error) => {
                    assert!(!(name.starts_with("brainpool") || usual(256) == Some(*curve)), "{name}: {error}")
                }
            }
        }
    }
}
