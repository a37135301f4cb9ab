//! What X.509 certificates say (RFC 5280).

use kmip::types::DigitalSignatureAlgorithm;
use openssl::asn1::Asn1IntegerRef;
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::{GeneralName, X509NameRef};

use super::CryptoError;
use super::pkey::{Family, PublicKey};

/// The parts of names that KMIP has attributes for (2.0 §4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// CN.
    CommonName,
    /// O.
    Organization,
    /// OU.
    OrganizationalUnit,
    /// E-mail address.
    Email,
    /// C.
    Country,
    /// ST.
    State,
    /// L.
    Locality,
    /// UID.
    UserId,
    /// Serial number of a device or person.
    SerialNumber,
    /// Title.
    Title,
    /// DC.
    DomainComponent,
    /// DN qualifier.
    Qualifier,
}

impl Part {
    /// What OpenSSL calls it.
    pub(crate) fn nid(self) -> Nid {
        PARTS.iter().find(|(_, part)| *part == self).map_or(Nid::UNDEF, |(nid, _)| *nid)
    }
}

/// A subject or an issuer.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// The distinguished name as DER.
    pub der: Vec<u8>,
    /// The same as RFC 4514 writes it.
    pub text: String,
    /// Its parts, in their order.
    pub parts: Vec<(Part, String)>,
    /// The alternative names, each a GeneralName as DER.
    pub alternative: Vec<Vec<u8>>,
    /// The same as text.
    pub alternative_text: Vec<String>,
}

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct X509 {
    /// The serial number as a DER INTEGER.
    pub serial: Vec<u8>,
    /// The serial number in hexadecimal digits.
    pub serial_text: String,
    /// Whose it is.
    pub subject: Named,
    /// Who signed it.
    pub issuer: Named,
    /// How it is signed, if KMIP has a name for that.
    pub signature: Option<DigitalSignatureAlgorithm>,
    /// Which key it certifies, and how long that is, if the server has such keys.
    pub key: Option<(Family, u32)>,
}

impl X509 {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(der: &[u8]) -> Result<Self, CryptoError> {
        let certificate = parse(der)?;
        let (serial, serial_text) = serial(certificate.serial_number())?;
        let signature = certificate.signature_algorithm().object().nid();
        let key = certificate.public_key().ok().and_then(|key| {
            let key = PublicKey::from_x509(&key.public_key_to_der().ok()?).ok()?;
            Some((key.family(), key.bits().ok()?))
        });
        Ok(Self {
            serial,
            serial_text,
            subject: named(certificate.subject_name(), certificate.subject_alt_names())?,
            issuer: named(certificate.issuer_name(), certificate.issuer_alt_names())?,
            signature: SIGNATURES.iter().find(|(nid, _)| *nid == signature).map(|(_, known)| *known),
            key,
        })
    }
}

/// The public key that a certificate certifies.
///
/// # Errors
///
/// When it is no certificate, or the server has no such keys.
pub fn public_key(der: &[u8]) -> Result<PublicKey, CryptoError> {
    PublicKey::from_x509(&parse(der)?.public_key()?.public_key_to_der()?)
}

fn parse(der: &[u8]) -> Result<openssl::x509::X509, CryptoError> {
    openssl::x509::X509::from_der(der).map_err(|_| CryptoError::MalformedKey("X.509 certificate"))
}

/// A serial number as DER and as digits.
fn serial(number: &Asn1IntegerRef) -> Result<(Vec<u8>, String), CryptoError> {
    let number = number.to_bn()?;
    let mut bytes = number.to_vec();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if number.is_negative() {
        // RFC 5280 §4.1.2.2 forbids it, and asks to handle it: the two's complement of the bytes.
        for byte in &mut bytes {
            *byte = !*byte;
        }
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = byte.overflowing_add(u8::from(carry));
        }
        if bytes.first().is_none_or(|first| *first < 0x80) {
            bytes.insert(0, 0xFF);
        }
        return Ok((super::der::item(super::der::INTEGER, &bytes), format!("-{text}")));
    }
    if bytes.first().is_none_or(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    Ok((super::der::item(super::der::INTEGER, &bytes), if text.is_empty() { "00".to_owned() } else { text }))
}

fn named(name: &X509NameRef, alternative: Option<Stack<GeneralName>>) -> Result<Named, CryptoError> {
    let mut named = Named { der: name.to_der()?, text: text(name), ..Named::default() };
    for entry in name.entries() {
        let nid = entry.object().nid();
        if let Some((_, part)) = PARTS.iter().find(|(known, _)| *known == nid)
            && let Ok(value) = entry.data().to_string()
        {
            named.parts.push((*part, value));
        }
    }
    for name in alternative.iter().flatten() {
        let (tag, bytes, text) = if let Some(email) = name.email() {
            (EMAIL, email.as_bytes().to_vec(), email.to_owned())
        } else if let Some(host) = name.dnsname() {
            (DNS, host.as_bytes().to_vec(), host.to_owned())
        } else if let Some(uri) = name.uri() {
            (URI, uri.as_bytes().to_vec(), uri.to_owned())
        } else if let Some(address) = name.ipaddress() {
            (IP_ADDRESS, address.to_vec(), address_text(address))
        } else if let Some(directory) = name.directory_name() {
            (DIRECTORY, directory.to_der()?, self::text(directory))
        } else {
            continue;
        };
        named.alternative.push(general_name(tag, &bytes));
        named.alternative_text.push(text);
    }
    Ok(named)
}

/// A GeneralName as DER; its tag is that of the choice.
pub(crate) fn general_name(tag: u8, content: &[u8]) -> Vec<u8> {
    super::der::item(tag, content)
}

// RFC 5280 §4.2.1.6.
/// The tag of an e-mail address.
pub(crate) const EMAIL: u8 = 0x81;
/// The tag of a host's name.
pub(crate) const DNS: u8 = 0x82;
/// The tag of a directory name.
const DIRECTORY: u8 = 0xA4;
/// The tag of a URI.
pub(crate) const URI: u8 = 0x86;
/// The tag of an address of the Internet.
pub(crate) const IP_ADDRESS: u8 = 0x87;

fn address_text(address: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(address) {
        std::net::Ipv4Addr::from(four).to_string()
    } else if let Ok(sixteen) = <[u8; 16]>::try_from(address) {
        std::net::Ipv6Addr::from(sixteen).to_string()
    } else {
        address.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A name as RFC 4514 writes it: the last part first.
fn text(name: &X509NameRef) -> String {
    let mut parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let object = entry.object();
            let key = object.nid().short_name().map_or_else(|_| object.to_string(), str::to_owned);
            let value = entry.data().to_string().unwrap_or_default();
            format!("{key}={}", escape(&value))
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// RFC 4514 §2.4.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (place, letter) in value.chars().enumerate() {
        let at_edge = (letter == ' ' && (place == 0 || place == last)) || (letter == '#' && place == 0);
        if at_edge || matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            escaped.push('\\');
        }
        if letter == '\0' {
            escaped.push_str("\\00");
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

static PARTS: [(Nid, Part); 12] = [
    (Nid::COMMONNAME, Part::CommonName),
    (Nid::ORGANIZATIONNAME, Part::Organization),
    (Nid::ORGANIZATIONALUNITNAME, Part::OrganizationalUnit),
    (Nid::PKCS9_EMAILADDRESS, Part::Email),
    (Nid::COUNTRYNAME, Part::Country),
    (Nid::STATEORPROVINCENAME, Part::State),
    (Nid::LOCALITYNAME, Part::Locality),
    (Nid::USERID, Part::UserId),
    (Nid::SERIALNUMBER, Part::SerialNumber),
    (Nid::TITLE, Part::Title),
    (Nid::DOMAINCOMPONENT, Part::DomainComponent),
    (Nid::DNQUALIFIER, Part::Qualifier),
];

static SIGNATURES: [(Nid, DigitalSignatureAlgorithm); 16] = {
    use DigitalSignatureAlgorithm as D;
    [
        (Nid::MD2WITHRSAENCRYPTION, D::MD2WithRSAEncryption),
        (Nid::MD5WITHRSAENCRYPTION, D::MD5WithRSAEncryption),
        (Nid::SHA1WITHRSAENCRYPTION, D::SHA_1WithRSAEncryption),
        (Nid::SHA224WITHRSAENCRYPTION, D::SHA_224WithRSAEncryption),
        (Nid::SHA256WITHRSAENCRYPTION, D::SHA_256WithRSAEncryption),
        (Nid::SHA384WITHRSAENCRYPTION, D::SHA_384WithRSAEncryption),
        (Nid::SHA512WITHRSAENCRYPTION, D::SHA_512WithRSAEncryption),
        (Nid::RSASSAPSS, D::RSASSA_PSS),
        (Nid::DSAWITHSHA1, D::DSAWithSHA_1),
        (Nid::DSA_WITH_SHA224, D::DSAWithSHA224),
        (Nid::DSA_WITH_SHA256, D::DSAWithSHA256),
        (Nid::ECDSA_WITH_SHA1, D::ECDSAWithSHA_1),
        (Nid::ECDSA_WITH_SHA224, D::ECDSAWithSHA224),
        (Nid::ECDSA_WITH_SHA256, D::ECDSAWithSHA256),
        (Nid::ECDSA_WITH_SHA384, D::ECDSAWithSHA384),
        (Nid::ECDSA_WITH_SHA512, D::ECDSAWithSHA512),
    ]
};

#[cfg(test)]
mod tests {
    use openssl::bn::BigNum;
    use openssl::x509::X509NameBuilder;

    use super::*;

    fn digits(number: i64) -> (Vec<u8>, String) {
        let mut big = BigNum::from_dec_str(&number.unsigned_abs().to_string()).unwrap();
        big.set_negative(number < 0);
        serial(&big.to_asn1_integer().unwrap()).unwrap()
    }

    #[test]
    fn serial_numbers_are_der() {
        assert_eq!(digits(0), (vec![2, 1, 0], "00".to_owned()));
        assert_eq!(digits(127), (vec![2, 1, 127], "7f".to_owned()));
        assert_eq!(digits(128), (vec![2, 2, 0, 128], "80".to_owned()));
        assert_eq!(digits(-1), (vec![2, 1, 255], "-01".to_owned()));
        assert_eq!(digits(-128), (vec![2, 1, 128], "-80".to_owned()));
        assert_eq!(digits(-129), (vec![2, 2, 255, 127], "-81".to_owned()));
    }

    // RFC 4514 §4.
    #[test]
    fn names_are_written_backwards_and_escaped() {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("C", "US").unwrap();
        name.append_entry_by_text("O", "Sue, Grabbit and Runn").unwrap();
        name.append_entry_by_text("CN", "L. Eagle").unwrap();
        assert_eq!(text(&name.build()), "CN=L. Eagle,O=Sue\\, Grabbit and Runn,C=US");
        assert_eq!(escape(" #a "), "\\ #a\\ ");
    }
}
