//! What is wrong with a text is said, with its place, and nothing hostile gets further than an error.

use kmip::{
    json,
    transcode::{self, ErrorKind},
    ttlv::{Bytes, Limits, Mode, Tag, Tree},
    xml,
};

/// Checks the errors of texts, given as `text => error`.
fn expect(read: fn(&str, Limits) -> transcode::Result<Bytes>, cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let error = read(text, Limits::DEFAULT).expect_err(text).to_string();
        if error != *expected {
            wrong.push(format!("{text}\n  {error}\n  {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn faults_in_xml_are_explained() {
    expect(
        xml::read,
        &[
            ("", "there is no message at line 1, column 1"),
            ("<KMIP/>", "there is no message at line 1, column 8"),
            ("<A/>", "\"A\" is no tag at line 1, column 1"),
            ("<D/><P/>", "a second message begins here at line 1, column 5"),
            (
                "<RequestMesage/>",
                "\"RequestMesage\" is no tag; did you mean RequestMessage? at line 1, column 1",
            ),
            (
                "<D>\n  <Data type=\"ByteString\" value=\"0g\"/></D>",
                "expected hexadecimal digits, two a byte, found another character at digit 2 at line 2, column 34 in D/Data",
            ),
            (
                "<D><Data type=\"ByteString\" value=\"123\"/></D>",
                "expected hexadecimal digits, two a byte, found 3 digits, which is an odd number at line 1, column 35 in D/Data",
            ),
            (
                "<D><Data type=\"Bytes\" value=\"\"/></D>",
                "\"Bytes\" is no item type; did you mean ByteString? at line 1, column 16 in D/Data",
            ),
            (
                "<D><Data type=\"Bytestring\" value=\"\"/></D>",
                "\"Bytestring\" is no item type; did you mean ByteString? at line 1, column 16 in D/Data",
            ),
            (
                "<D><Data value=\"\"/></D>",
                "a Structure has items and no value; is the attribute `type` missing? at line 1, column 17 in D/Data",
            ),
            (
                "<D><Data type=\"Integer\"/></D>",
                "the attribute `value` is missing at line 1, column 4 in D/Data",
            ),
            (
                "<D><Data tpye=\"Integer\" value=\"1\"/></D>",
                "there is no attribute \"tpye\": only `type` and `value` at line 1, column 16 in D",
            ),
            (
                "<D><ObjectType type=\"Enumeration\" value=\"Symmetrickey\"/></D>",
                "Object Type has no value \"Symmetrickey\"; did you mean SymmetricKey? at line 1, column 42 in D/ObjectType",
            ),
            (
                "<D><Key type=\"DateTime\" value=\"yesterday\"/></D>",
                "expected a time such as 2001-01-01T10:00:00+10:00, found \"yesterday\" at line 1, column 32 in D/Key",
            ),
            (
                "<D><X type=\"BigInteger\" value=\"80\"/><X type=\"BigInteger\" value=\"8000\"/></D>",
                "expected a Big Integer in two's complement, a multiple of 16 hexadecimal digits, extended with its sign, \
                 found 2 digits at line 1, column 32 in D/X",
            ),
            (
                "<D><Key type=\"Integer\" value=\"2147483648\"/></D>",
                "expected a number of 32 bits, found \"2147483648\" at line 1, column 31 in D/Key",
            ),
            (
                "<D>text</D>",
                "there is text between the elements: values stand in the attribute `value` at line 1, column 4 in D",
            ),
            ("<!DOCTYPE D><D/>", "a document type declaration has no place in a message at line 1, column 1"),
            ("<D><P>", "the text ends before its last element does at line 1, column 7 in D/P"),
            (
                "<D><Data type=\"Integer\" value=\"1\"><P/></Data></D>",
                "Data is no Structure: there are no items in it at line 1, column 35 in D",
            ),
            (
                "<D xmlns=\"urn:other\"/>",
                "the namespace is \"urn:other\", and has to be urn:oasis:tc:kmip:xmlns or none at line 1, column 1",
            ),
            ("<TTLV type=\"Integer\" value=\"1\"/>", "the attribute `tag` is missing at line 1, column 1"),
            (
                "<TTLV tag=\"0x4200\" type=\"Integer\" value=\"1\"/>",
                "expected a tag of six hexadecimal digits behind 0x, found \"0x4200\" at line 1, column 12",
            ),
            (
                "<D><Key type=\"TextString\" value=\"&#1;\"/></D>",
                "the text has the character U+0001, which XML can't hold (JSON can) at line 1, column 34 in D/Key",
            ),
        ],
    );
}

#[test]
fn faults_in_json_are_explained() {
    expect(
        json::read,
        &[
            ("", "there is no message at line 1, column 1"),
            ("[]", "there is no message at line 1, column 3"),
            ("{}", "the property tag is missing at line 1, column 2"),
            (r#"{"tag":"D"}{"tag":"P"}"#, "a second message begins here at line 1, column 12"),
            (
                "{\"tag\":\"D\",\n \"value\":[{\"tag\":\"Dtaa\"}]}",
                "\"Dtaa\" is no tag; did you mean Data? at line 2, column 19 in D",
            ),
            (
                r#"{"tag":"D","value":[{"tag":"Data","type":"ByteString","value":"0g"}]}"#,
                "expected hexadecimal digits, two a byte, found another character at digit 2 at line 1, column 64 in D/Data",
            ),
            (
                r#"{"tag":"D","type":"Integer","value":2147483648}"#,
                "expected a number of 32 bits, found a number that does not fit at line 1, column 47 in D",
            ),
            (
                r#"{"tag":"D","type":"LongInteger","value":1.5}"#,
                "expected a number of 64 bits, found a number that is not whole or not exact: large ones stand in \
                 strings, in hexadecimal behind 0x at line 1, column 44 in D",
            ),
            (
                r#"{"tag":"D","value":"text"}"#,
                "a Structure has items and no other value; is the property type missing? at line 1, column 26 in D",
            ),
            (r#"{"tag":"D","type":"Integer"}"#, "the property value is missing at line 1, column 28 in D"),
            (
                r#"{"tag":"D","type":"Integer","value":[]}"#,
                "an item of type Integer has no items in it at line 1, column 38 in D",
            ),
            (r#"{"tag":"D","tag":"P"}"#, "tag stands here twice at line 1, column 13 in P"),
            (
                r#"{"tag":"D","vlaue":1}"#,
                "there is no property \"vlaue\": only tag, name, type and value at line 1, column 13 in D",
            ),
            (
                r#"{"tag":"D","value":["secret"]}"#,
                r#"expected an item, such as {"tag": "BatchCount", "type": "Integer", "value": 1} at line 1, column 28 in D"#,
            ),
            (r#"{"tag":"D","value":[}"#, "this is not well-formed JSON: expected value at line 1, column 21"),
        ],
    );
}

#[test]
fn every_form_that_the_specification_shows_is_read() {
    let one = |message: transcode::Result<Bytes>| {
        let message = message.unwrap();
        let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT).unwrap();
        let root = tree.root();
        let children: Vec<_> = root.children().map(|child| child.to_item()).collect();
        assert!(children.windows(2).all(|pair| pair[0] == pair[1]), "{children:?}");
        (children.len(), children[0].tag)
    };
    // Additional Message Encodings §6.1.6.
    let dates = r#"<D xmlns="urn:oasis:tc:kmip:xmlns" xmlns:k="urn:oasis:tc:kmip:xmlns">
        <TTLV tag="0x420001" name="ActivationDate" type="DateTime" value="2001-01-01T10:00:00+10:00"/>
        <TTLV tag="0x420001" type="DateTime" value="2001-01-01T10:00:00+10:00"/>
        <x420001 type="DateTime" value="0x000000003a4fc880"/>
        <k:ActivationDate type="DateTime" value=" 2001-01-01T00:00:00.7Z "></k:ActivationDate></D>"#;
    assert_eq!(one(xml::read(dates, Limits::DEFAULT)), (4, Tag::ActivationDate));
    let masks = r#"<D>
        <CryptographicUsageMask type="Integer" value="0x0000040c"/>
        <CryptographicUsageMask type="Integer" value="1036"/>
        <CryptographicUsageMask type="Integer" value="Encrypt Decrypt ContentCommitment"/>
        <CryptographicUsageMask type="Integer" value="ContentCommitmentNonRepudiation 0x00000004 0x0000008"/></D>"#;
    assert_eq!(one(xml::read(masks, Limits::DEFAULT)), (4, Tag::CryptographicUsageMask));
    // §4.1.6.
    let masks = r#"{"tag": "D", "type": "Structure", "value": [
        {"tag": "CryptographicUsageMask", "type":"Integer", "value": "0x0000020c"},
        {"value": 524, "type":"Integer", "name": "a mask", "tag": "0x42002c"},
        {"tag": "CryptographicUsageMask", "type":"Integer", "value": "Encrypt|Decrypt|DeriveKey"}]}"#;
    assert_eq!(one(json::read(masks, Limits::DEFAULT)), (3, Tag::CryptographicUsageMask));
    let types = r#"{"value": [
        {"tag": "0x420057", "type":"Enumeration", "value":2},
        {"tag": "ObjectType", "type":"Enumeration", "value":"0x00000002"},
        {"value": "SymmetricKey", "tag": "ObjectType", "type":"Enumeration"}], "tag": "D"}"#;
    assert_eq!(one(json::read(types, Limits::DEFAULT)), (3, Tag::ObjectType));
    let counts = r#"{"tag": "D", "value": [
        {"tag": "UsageLimitsCount", "type":"LongInteger", "value":"0x1000000000000000"},
        {"tag": "UsageLimitsCount", "type":"LongInteger", "value":1152921504606846976}]}"#;
    assert_eq!(one(json::read(counts, Limits::DEFAULT)), (2, Tag::UsageLimitsCount));
    let empty =
        r#"{"tag": "D", "value": [{"tag": "P", "value": null}, {"tag": "P"}, {"tag": "P", "value": []}]}"#;
    assert_eq!(one(json::read(empty, Limits::DEFAULT)), (3, Tag::P));
}

#[test]
fn a_value_of_1_x_is_named_by_its_attribute() {
    let text = |name: &str, value: &str| {
        format!(r#"<Attribute><AttributeName type="TextString" value="{name}"/>{value}</Attribute>"#)
    };
    let named = r#"<AttributeValue type="Enumeration" value="AES"/>"#;
    let message = xml::read(&text("Cryptographic Algorithm", named), Limits::DEFAULT).unwrap();
    let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT).unwrap();
    assert_eq!(tree.root().child(Tag::AttributeValue).unwrap().as_u32(), Some(3));
    assert!(xml::read(&text("x-Algorithm", named), Limits::DEFAULT).is_err());
    // The attribute State of a vendor is not the State of the specification (2.0 §4.53).
    let vendor = text("State", r#"<AttributeValue type="Enumeration" value="0x00000001"/>"#);
    let vendor =
        vendor.replace("<Attribute>", r#"<Attribute><VendorIdentification type="TextString" value="x"/>"#);
    let message = xml::read(&vendor, Limits::DEFAULT).unwrap();
    let mut written = Vec::new();
    let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT).unwrap();
    xml::write(&tree, transcode::Layout::Compact, &mut written).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), vendor);
}

#[test]
fn texts_with_any_characters_survive() {
    let text = "\t\r\n  <&>\"' ü€😀 ]]> &amp; \u{FFFD}";
    let item = kmip::ttlv::Item::new(Tag::NameValue, text);
    let message = Bytes::from(kmip::ttlv::encode(&item, item.tag, kmip::types::version::V2_0).unwrap());
    kmip_tests::fuzz::survives_as_text(&message);
    let impossible = kmip::ttlv::Item::new(Tag::NameValue, "a\u{FFFE}");
    let message = kmip::ttlv::encode(&impossible, impossible.tag, kmip::types::version::V2_0).unwrap().into();
    let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT).unwrap();
    let mut written = b"before".to_vec();
    let error = xml::write(&tree, transcode::Layout::Lines, &mut written).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Character('\u{FFFE}'));
    assert_eq!(written, b"before");
    kmip_tests::fuzz::survives_as_text(&message);
}

#[test]
fn limits_hold_for_texts() {
    let limits = Limits { size: 64, depth: 2, items: 3 };
    let within = "<D><P/><Key type=\"ByteString\" value=\"0011223344556677\"/></D>";
    assert_eq!(xml::read(within, limits).unwrap().len(), 32);
    let both = |xml_text: &str, json_text: &str, expected: &str| {
        for error in [xml::read(xml_text, limits), json::read(json_text, limits)].map(Result::unwrap_err) {
            assert!(matches!(error.kind(), ErrorKind::Limit(_)), "{error}");
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    };
    both(
        "<D><P><Q/></P></D>",
        r#"{"tag":"D","value":[{"tag":"P","value":[{"tag":"Q"}]}]}"#,
        "structures are nested deeper than 2 levels",
    );
    both(
        "<D><P/><P/><P/></D>",
        r#"{"tag":"D","value":[{"tag":"P"},{"tag":"P"},{"tag":"P"}]}"#,
        "there are more than 3 items",
    );
    let long = "00".repeat(49);
    both(
        &format!("<D><Key type=\"ByteString\" value=\"{long}\"/></D>"),
        &format!(r#"{{"tag":"D","value":[{{"tag":"Key","type":"ByteString","value":"{long}"}}]}}"#),
        "the message has 72 bytes, more than the 64 that are allowed",
    );
}

#[test]
fn depth_without_end_is_refused() {
    let count = 1 << 18;
    let deep = "<D>".repeat(count);
    assert!(matches!(xml::read(&deep, Limits::DEFAULT).unwrap_err().kind(), ErrorKind::Limit(_)));
    let deep = r#"{"tag":"D","value":["#.repeat(count) + &"]}".repeat(count);
    assert!(matches!(json::read(&deep, Limits::DEFAULT).unwrap_err().kind(), ErrorKind::Limit(_)));
    let limits = Limits { depth: u32::MAX, ..Limits::DEFAULT };
    assert!(json::read(&deep, limits).is_err());
    assert!(json::read(&"[".repeat(count), limits).is_err());
}

#[test]
fn errors_do_not_tell_secrets() {
    let secret = "correct horse battery staple";
    for text in [
        format!("<D><KeyMaterial type=\"ByteString\" value=\"{secret}\"/></D>"),
        format!("<D><KeyMaterial type=\"BigInteger\" value=\"{secret}\"/></D>"),
        format!("<D><Password type=\"TextString\" value=\"{secret}&#1;\"/></D>"),
    ] {
        let error = xml::read(&text, Limits::DEFAULT).unwrap_err().to_string();
        assert!(!error.contains("horse"), "{error}");
    }
    for text in [
        format!(r#"{{"tag":"KeyMaterial","type":"ByteString","value":"{secret}"}}"#),
        format!(r#"{{"tag":"D","value":["{secret}"]}}"#),
        r#"{"tag":"KeyMaterial","type":"ByteString","value":4711}"#.to_owned(),
    ] {
        let error = json::read(&text, Limits::DEFAULT).unwrap_err().to_string();
        assert!(!error.contains("horse") && !error.contains("4711"), "{error}");
    }
}

#[test]
fn texts_do_not_swell() {
    type Read = fn(&str, Limits) -> transcode::Result<Bytes>;
    let (in_xml, in_json): (Read, Read) = (xml::read, json::read);
    let count = 100_000;
    let many = |item: &str| item.repeat(count);
    let spaces: String = (0..count).map(|number| format!(" a:b{number}=\"\"")).collect();
    let bindings: String = (0..count).map(|number| format!(" xmlns:b{number}=\"u\"")).collect();
    for (read, text) in [
        (in_xml, format!("<D>{}</D>", many("<P/>"))),
        (in_xml, many("<D/>")),
        (in_xml, format!("<KMIP>{}", many("<KMIP>"))),
        (in_xml, format!("<D xmlns:a=\"u\"{spaces}/>")),
        (in_xml, format!("<D{bindings}/>")),
        (in_xml, format!("<{}/>", many("D"))),
        (in_xml, format!("<D><Key type=\"TextString\" value=\"{}\"/></D>", many("&#65;"))),
        (in_xml, format!("<D><Key type=\"ByteString\" value=\"{}\"/></D>", many("00"))),
        (in_xml, format!("<D><CryptographicUsageMask type=\"Integer\" value=\"{}\"/></D>", many("Sign "))),
        (in_xml, format!("<!--{}--><D/>", many("- "))),
        (in_json, format!("[{}1]", many("1,"))),
        (in_json, format!("{{\"tag\":\"D\",\"value\":[{}{{}}]}}", many("{\"tag\":\"P\"},"))),
        (in_json, format!("{{\"tag\":\"{}\"}}", many("D"))),
        (in_json, format!("{{\"tag\":\"D\",{}\"value\":null}}", many("\"name\":0,"))),
        (in_json, format!("{{\"tag\":\"D\",\"name\":{}", many("["))),
        (in_json, format!("{{\"tag\":\"Key\",\"type\":\"TextString\",\"value\":\"{}\"}}", many("\\u0041"))),
    ] {
        // The names are looked up in a table that is made once.
        let _ = (xml::read("<D/>", Limits::DEFAULT), json::read("{}", Limits::DEFAULT));
        let peak = allocation_counter::measure(|| drop(read(&text, Limits::DEFAULT))).bytes_max;
        let most = 16 * text.len() as u64 + (16 << 10);
        assert!(peak <= most, "{peak} bytes for {} of {:.40}", text.len(), text);
    }
}
