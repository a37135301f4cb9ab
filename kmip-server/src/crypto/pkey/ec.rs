//! Keys of elliptic curves: numbers, points and the forms of points.

use kmip::types::RecommendedCurve;
use openssl::asn1::Asn1Object;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroupRef, EcKey, EcPoint, PointConversionForm};
use openssl::pkey::PKey;

use super::numbers::{EcNumbers, one};
use super::{Family, PrivateKey, PublicKey, curves, malformed};
use crate::crypto::{CryptoError, der};
use crate::wipe::Wiped;

/// How a point is written down (SEC 1 §2.3.3, X9.62 §4.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointForm {
    /// Both coordinates.
    #[default]
    Uncompressed,
    /// One coordinate, and one bit of the other.
    Compressed,
    /// Both coordinates, and that bit.
    Hybrid,
}

impl From<PointForm> for PointConversionForm {
    fn from(form: PointForm) -> Self {
        match form {
            PointForm::Uncompressed => Self::UNCOMPRESSED,
            PointForm::Compressed => Self::COMPRESSED,
            PointForm::Hybrid => Self::HYBRID,
        }
    }
}

impl PrivateKey {
    /// A key of a curve from its number.
    ///
    /// # Errors
    ///
    /// When the curve has no such key, or the server no such curve.
    pub fn from_ec(numbers: &EcNumbers) -> Result<Self, CryptoError> {
        let group = curves::group(numbers.curve)?;
        let mut context = BigNumContext::new_secure()?;
        let mut order = BigNum::new()?;
        group.order(&mut order, &mut context)?;
        let d = one(&numbers.value)?;
        if d.num_bits() == 0 || d >= order {
            return Err(malformed("private key of its curve"));
        }
        let mut point = EcPoint::new(&group)?;
        point.mul_generator2(&group, &d, &mut context)?;
        Self::new(PKey::from_ec_key(EcKey::from_private_components(&group, &d, &point)?)?)
    }

    /// The curve and the number of a key of a curve; the number has as many bytes as the curve's order.
    ///
    /// # Errors
    ///
    /// When it is another key.
    pub fn ec(&self) -> Result<EcNumbers, CryptoError> {
        let Family::Ec(curve) = self.family else {
            return Err(CryptoError::KeyForm { family: self.family, form: "Transparent EC" });
        };
        let key = self.key.ec_key()?;
        let length = i32::try_from(key.group().order_bits().div_ceil(8)).unwrap_or(i32::MAX);
        Ok(EcNumbers { curve, value: Wiped::from(key.private_key().to_vec_padded(length)?) })
    }
}

impl PublicKey {
    /// A key of a curve from its point, in any form.
    ///
    /// # Errors
    ///
    /// When there is no such point, or the server has no such curve.
    pub fn from_ec(numbers: &EcNumbers) -> Result<Self, CryptoError> {
        let group = curves::group(numbers.curve)?;
        let wrong = |_| malformed("point of its curve");
        let point =
            EcPoint::from_bytes(&group, &numbers.value, &mut *BigNumContext::new()?).map_err(wrong)?;
        let key = EcKey::from_public_key(&group, &point)?;
        key.check_key().map_err(wrong)?;
        Self::new(PKey::from_ec_key(key)?)
    }

    /// The curve and the point of a key of a curve.
    ///
    /// # Errors
    ///
    /// When it is another key.
    pub fn ec(&self, form: PointForm) -> Result<EcNumbers, CryptoError> {
        let Family::Ec(curve) = self.family else {
            return Err(CryptoError::KeyForm { family: self.family, form: "Transparent EC" });
        };
        Ok(EcNumbers { curve, value: Wiped::from(self.point(form)?) })
    }

    pub(super) fn point(&self, form: PointForm) -> Result<Vec<u8>, CryptoError> {
        let key = self.key.ec_key()?;
        Ok(key.public_key().to_bytes(key.group(), form.into(), &mut *BigNumContext::new()?)?)
    }
}

/// The curve of a key, if it is one with a name.
pub(super) fn known_curve(group: &EcGroupRef) -> Result<RecommendedCurve, CryptoError> {
    curves::curve_of(group).ok_or(CryptoError::KeyKind)
}

/// A SubjectPublicKeyInfo with the point as it is given (RFC 5480 §2): OpenSSL writes the form that it has read.
pub(super) fn to_x509(curve: RecommendedCurve, point: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let name = curves::name(curve).ok_or(CryptoError::Curve(curve))?;
    let curve = Asn1Object::from_str(name)?;
    let algorithm = [&EC_PUBLIC_KEY[..], &der::item(der::OBJECT_IDENTIFIER, curve.as_slice())].concat();
    // No bits are unused.
    let bits = [&[0], point].concat();
    let items = [der::item(der::SEQUENCE, &algorithm), der::item(der::BIT_STRING, &bits)];
    Ok(der::item(der::SEQUENCE, &items.concat()))
}

/// id-ecPublicKey, 1.2.840.10045.2.1, as DER.
const EC_PUBLIC_KEY: [u8; 9] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
