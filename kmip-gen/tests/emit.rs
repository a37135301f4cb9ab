//! What is emitted from the fixture.

mod common;

use std::fs;
use std::path::Path;

use common::{copy, edit, tests};
use kmip_gen::{Spec, generate};

/// The Rust of a table of the fixture, without spaces.
fn table(name: &str) -> String {
    let spec = Spec::read(&tests("fixture"), None).unwrap();
    let (_, text) = spec.rust().into_iter().find(|(table, _)| *table == name).unwrap();
    text.replace(' ', "")
}

#[track_caller]
fn assert_has(table: &str, expected: &[&str]) {
    for expected in expected {
        assert!(table.contains(&expected.replace(' ', "")), "{expected}\nis not in\n{table}");
    }
}

#[test]
fn the_same_tables_make_the_same_bytes() {
    let mut directories = vec![tests("fixture")];
    if kmip_gen::spec_dir().join("versions.yaml").exists() {
        directories.push(kmip_gen::spec_dir());
    }
    for directory in directories {
        let once = Spec::read(&directory, None).unwrap().rust();
        let again = Spec::read(&directory, None).unwrap().rust();
        assert!(once == again);
        assert!(once.iter().all(|(_, text)| !text.contains(env!("CARGO_MANIFEST_DIR"))));
    }
}

#[test]
fn an_unchanged_file_is_left_alone() {
    let spec = copy(&tests("fixture"), "emit-unchanged");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emit-unchanged-out");
    fs::create_dir_all(&out).unwrap();
    generate(&spec, None, &out).unwrap();
    let written = |name: &str| fs::metadata(out.join(name)).unwrap().modified().unwrap();
    let (masks, tags) = (written("masks.rs"), written("tags.rs"));
    edit(&spec, "masks.yaml", "name: Verify", "name: Prove");
    generate(&spec, None, &out).unwrap();
    assert_ne!(written("masks.rs"), masks);
    assert_eq!(written("tags.rs"), tags);
}

#[test]
fn nothing_is_written_of_bad_tables() {
    let spec = copy(&tests("fixture"), "emit-bad");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emit-bad-out");
    fs::create_dir_all(&out).unwrap();
    edit(&spec, "masks.yaml", "0x40", "0x41");
    assert!(generate(&spec, None, &out).is_err());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    assert!(
        generate(&tests("fixture"), None, &out.join("nowhere")).unwrap_err().to_string().contains("nowhere")
    );
}

#[test]
fn structures_say_what_the_tables_say() {
    assert_has(
        &table("structures"),
        &[
            // Required and single in every version: plain. A decider is marked.
            "#[ttlv(tag = KeyBlock)] pub struct KeyBlock {",
            "#[ttlv(tag = KeyFormatType, decides)] pub key_format_type: KeyFormatType,",
            "#[ttlv(tag = CryptographicLength)] pub cryptographic_length: Option<i32>,",
            "#[ttlv(unknown)] pub unknown: Unknown,",
            "pub fn new(key_format_type: KeyFormatType, key_material: KeyMaterial) -> Self {",
            // Gates.
            "#[ttlv(tag = Attribute, until = \"1.1\")] pub struct Attribute {",
            "#[ttlv(tag = AttributeName, decides)] pub attribute_name: AttributeName,",
            "#[ttlv(tag = AttributeValue, required(until = \"1.0\"))] pub attribute_value: Option<AttributeValue>,",
            "#[ttlv(tag = X_509CertificateIssuer, since = \"1.1\", open)] pub struct X509CertificateIssuer {",
            "#[ttlv(tag = VendorIdentification, single(until = \"1.1\"))] pub vendor_identification: Vec<Text>,",
            // No tag of its own.
            "#[ttlv(by_tag)] pub attribute: Vec<AttributeValue>,",
            // Choices.
            "#[ttlv(choice(by = item_type))] pub enum UniqueIdentifier {",
            "#[ttlv(since = \"2.0\")] UniqueIdentifierEnumeration(UniqueIdentifierEnumeration),",
            "#[ttlv(choice(by = decider(KeyFormatType)))] pub enum KeyMaterial {",
            "ByteString(Secret),",
            "#[ttlv(when(0xA), since = \"1.1\")] TransparentRsaPrivateKey(TransparentRsaPrivateKey),",
            "#[ttlv(choice(by = tag))] pub enum ManagedObject {",
            "#[ttlv(tag = SymmetricKey)] SymmetricKey(",
            "#[ttlv(choice(by = attribute))] pub enum AttributeValue {",
            "#[ttlv(tag = CryptographicLength)] CryptographicLength(i32),",
            "#[ttlv(other)] Other(Item),",
        ],
    );
    assert!(!table("structures").contains("CustomAttribute"), "an attribute that no item carries is no case");
}

#[test]
fn documentation_names_versions_and_sections_and_is_plain_text() {
    let spec = Spec::read(&tests("fixture"), None).unwrap();
    let (_, text) = spec.rust().into_iter().find(|(table, _)| *table == "structures").unwrap();
    assert!(text.contains(r#"" Key Block (KMIP 1.0-2.0; 1.0 §2.1.3, 2.0 §3.1).""#));
    assert!(text.contains(r#"" Cryptographic Length. Required, says \\[2.1.3\\], unless \\*known\\*.""#));
}

#[test]
fn operations_tie_requests_to_responses() {
    let operations = table("operations");
    assert_has(
        &operations,
        &[
            "#[ttlv(tag = RequestPayload)] pub struct CreateRequest {",
            "#[ttlv(tag = Attribute, until = \"1.1\")] pub attribute: Vec<Attribute>,",
            "#[ttlv(tag = Attributes, since = \"2.0\", required)] pub attributes: Option<Attributes>,",
            "#[ttlv(by_tag)] pub object: ManagedObject,",
            "impl ::kmip::types::Request for CreateRequest { type Response = CreateResponse; const OPERATION: Operation = Operation::Create; }",
            "#[ttlv(choice(by = decider(Operation)))] pub enum RequestPayload {",
            "#[ttlv(when(0x1A))] Poll(PollRequest),",
            "#[ttlv(when(0xA))] Get(Box<GetResponse>),",
            "impl From<CreateRequest> for RequestPayload {",
            "impl TryFrom<ResponsePayload> for CreateResponse { type Error = ResponsePayload;",
        ],
    );
    assert!(!operations.contains("PollResponse"), "Poll is answered by the operation that was polled for");
}

#[test]
fn lookups_hold_what_the_text_encodings_need() {
    assert_has(
        &table("names"),
        &[
            "name: \"X.509 Certificate Issuer\", text: \"X_509CertificateIssuer\", since: Version::new(1, 1), until: None, item_types: &[ItemType::Structure]",
            "text: \"UniqueIdentifier\", since: Version::new(1, 0), until: None, item_types: &[ItemType::Enumeration, ItemType::TextString], secret: false, values: Some(Values::Enumeration(&UNIQUE_IDENTIFIER_ENUMERATION))",
            "text: \"AttributeReference\", since: Version::new(2, 0), until: None, item_types: &[ItemType::Enumeration], secret: false, values: Some(Values::Tags)",
            "text: \"KeyMaterial\", since: Version::new(1, 0), until: None, item_types: &[ItemType::Structure, ItemType::ByteString], secret: true",
            "text: \"CryptographicUsageMask\", since: Version::new(1, 0), until: None, item_types: &[ItemType::Integer], secret: false, values: Some(Values::Mask(&CRYPTOGRAPHIC_USAGE_MASK))",
            "ValueInfo { value: 0xA, name: \"Transparent RSA Private Key\", text: \"TransparentRSAPrivateKey\", also: &[\"TransparentRSAPrivate\"], since: Version::new(1, 1), until: None, }",
            "20 => match name { b\"Cryptographic Length\" => Some(Tag::CryptographicLength),",
            "Tag::X_509CertificateIssuer => Some(\"X.509 Certificate Issuer\"),",
        ],
    );
}

#[test]
fn rules_and_operations_are_tables() {
    assert_has(
        &table("attributes"),
        &[
            "AttributeInfo { tag: Tag::CryptographicLength, name: \"Cryptographic Length\",",
            "modifiable_by_client: Rule::When(\"pre-active\")",
            "since: Version::new(1, 0), until: Some(Version::new(1, 1)), always_has_value: Rule::Yes, initially_set_by_server: true, initially_set_by_client: true",
            "implicitly_set_by: &[Operation::Create], applies_to: &[ObjectType::SymmetricKey, ObjectType::Template]",
        ],
    );
    assert_has(
        &table("operation_info"),
        &[
            "operation: Operation::Poll, since: Version::new(1, 0), until: None, client_to_server: Some((Version::new(1, 0), None)), server_to_client: Some((Version::new(1, 0), None))",
            "reasons: &[(ResultReason::ItemNotFound, Version::new(1, 0), Some(Version::new(1, 1)))]",
            "&[(Operation::Create, Operation::Get)]",
        ],
    );
    assert_has(&table("version"), &["pub const ALL: &[::kmip::ttlv::Version] = &[V1_0, V1_1, V2_0];"]);
    assert_has(&table("for_each"), &["CreateRequest, tag: RequestPayload, since: \"1.0\", until: \"2.0\";"]);
}
