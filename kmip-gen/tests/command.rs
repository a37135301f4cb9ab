//! The command, as it is called.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{copy, edit, tests};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmip-gen"));
    command.args(arguments).arg("--spec").arg(tests("fixture")).env_remove("KMIP_SPEC_OVERLAY");
    command.output().unwrap()
}

#[track_caller]
fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fail(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), [].as_slice()));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn check_counts_what_is_well() {
    let text = succeed(&["check"]);
    assert!(text.ends_with(": all is well in KMIP 1.0, 1.1, 2.0: 22 tags, 5 enumerations, 1 mask, 12 structures and payloads, 6 choices, 3 attributes, 3 operations\n"), "{text}");
    let overlay = tests("overlay");
    let text = succeed(&["check", "--overlay", overlay.to_str().unwrap()]);
    assert!(text.contains("25 tags") && text.contains("4 operations"), "{text}");
}

#[test]
fn check_tells_what_is_not_well() {
    let spec = copy(&tests("fixture"), "command-check");
    edit(&spec, "masks.yaml", "0x40", "0x41");
    edit(&spec, "enums.yaml", "0x03", "0x01");
    let output =
        Command::new(env!("CARGO_BIN_EXE_kmip-gen")).arg("check").arg("--spec").arg(&spec).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let spec = spec.display();
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "{spec}/enums.yaml:5: value 0x1 is that of `Raw` already\n\
             {spec}/masks.yaml:6: 0x41 is not a single bit\n\
             error: 2 problems in the tables\n"
        )
    );
}

#[test]
fn emit_prints_formatted_rust() {
    let text = succeed(&["emit", "--type", "KeyBlock"]);
    assert!(text.starts_with("/// Key Block (KMIP 1.0-2.0; 1.0 §2.1.3, 2.0 §3.1).\n#[derive("), "{text}");
    assert!(
        text.contains("    #[ttlv(tag = KeyFormatType, decides)]\n    pub key_format_type: KeyFormatType,\n")
    );
    assert!(text.contains("impl KeyBlock {"));
    let text = succeed(&["emit", "--type", "CryptographicUsageMask"]);
    assert!(
        text.contains("        /// Sign (bit 0x1, KMIP 1.0-2.0).\n        const Sign = 0x1;\n"),
        "{text}"
    );
    let text = succeed(&["emit", "--type", "ObjectType"]);
    assert!(
        text.ends_with(
            "::kmip::ttlv::enumeration! { ObjectType, table: &::kmip::types::tables::OBJECT_TYPE }\n"
        ),
        "{text}"
    );
    assert!(succeed(&["emit", "--table", "version"]).contains("pub const V1_1: ::kmip::ttlv::Version"));
    assert_eq!(fail(&["emit", "--type", "KeyBlocks"]), "error: no type `KeyBlocks` is generated\n");
    assert!(
        fail(&["emit", "--table", "keys"])
            .starts_with("error: there is no table `keys`; there are version, tags,")
    );
    // All of it is Rust.
    assert!(succeed(&["emit"]).contains("pub struct CreateRequest {"));
}

fn find<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn dump_is_one_document() {
    let document: Value = serde_json::from_str(&succeed(&["dump", "--json"])).unwrap();
    let tag = find(&document["tags"], "X.509 Certificate Issuer");
    assert_eq!(tag["value"], 0x4200B6);
    assert_eq!(tag["text"], "X_509CertificateIssuer");
    assert_eq!((tag["since"].as_str(), &tag["until"]), (Some("1.1"), &Value::Null));
    assert_eq!(find(&document["tags"], "Attribute")["until"], "1.1");

    let format = find(&document["enumerations"], "Key Format Type");
    assert_eq!(find(&format["values"], "PKCS#1")["text"], "PKCS_1");
    assert_eq!(find(&format["values"], "PKCS#1")["value"], 3);
    assert_eq!(
        find(&document["enumerations"], "Unique Identifier")["type_name"],
        "Unique Identifier Enumeration"
    );
    assert_eq!(find(&find(&document["masks"], "Cryptographic Usage Mask")["values"], "Verify")["value"], 2);

    let fields = &find(&document["structures"], "Attribute")["fields"];
    assert_eq!(fields[0]["name"], "Attribute Name");
    assert_eq!((&fields[0]["required"], &fields[0]["repeat"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_eq!(fields[1]["tag"], 0x42000B);
    assert_eq!(fields[1]["required"], serde_json::json!({ "1.0": true, "1.1": false }));
    assert_eq!(fields[1]["optional"], serde_json::json!({ "1.0": false, "1.1": true }));
    assert_eq!(find(&document["structures"], "Attributes")["fields"][0]["tag"], Value::Null);

    let length = find(&document["attributes"], "Cryptographic Length");
    assert_eq!(
        (&length["tag"], &length["type"]),
        (&serde_json::json!(0x42002A), &serde_json::json!("Integer"))
    );
    assert_eq!(length["rules"][0]["modifiable_by_client"]["when"], "pre-active");
    assert_eq!(length["rules"][0]["until"], "1.1");

    let create = find(&document["operations"], "Create");
    assert_eq!(create["value"], 1);
    let towards = serde_json::json!([{ "name": "client-to-server", "since": "1.0", "until": null }]);
    assert_eq!(create["direction"], towards);
    assert_eq!(create["request"][2]["name"], "Attributes");
    assert_eq!(create["makes"][0]["name"], "Symmetric Key");
    assert_eq!(create["requires"][0]["until"], "1.1");
    assert_eq!(create["reasons"][0]["instead_of"][0], "Invalid Object Type");
    assert_eq!(create["reasons"][2]["name"], "Invalid Object Type");
    assert_eq!(document["key_formats"][0]["format"], "Raw");
    assert_eq!(document["behaviour"][0]["name"], "Order of Answers");
    assert_eq!(find(&document["operations"], "Poll")["response"], Value::Null);
}

#[test]
fn diff_tells_what_changed() {
    assert_eq!(
        succeed(&["diff", "1.0", "v1.1"]),
        "KMIP 1.0 -> 1.1
tags
  + Vendor Identification (0x42009D)
  + X.509 Certificate Issuer (0x4200B6)
enumerations
  Key Format Type
    + Transparent RSA Private Key (0xA)
structures
  Attribute
    ~ Attribute Value: Attribute Value, required -> Attribute Value, optional
  + X.509 Certificate Issuer
  + Transparent RSA Private Key
choices
  Key Material
    + Transparent RSA Private Key: Transparent RSA Private Key
attributes
  + X.509 Certificate Issuer
"
    );
    let text = succeed(&["diff", "1.1", "2.0"]);
    assert!(text.contains("  - Attribute (0x420008)\n"), "{text}");
    assert!(text.contains("    ~ initially set by: server, client -> server\n"), "{text}");
    assert!(text.contains("    ~ modifiable by client: pre-active -> no\n"), "{text}");
    assert!(
        text.contains(
            "      + Attributes: Attributes, required\n      - Attribute: Attribute, optional, repeated\n"
        ),
        "{text}"
    );
    assert_eq!(fail(&["diff", "1.0", "1.2"]), "error: there is no version 1.2; there are 1.0, 1.1, 2.0\n");
    assert_eq!(run(&["diff", "1.0", "two"]).status.code(), Some(2));
}

#[test]
fn pages_are_written_and_their_links_lead_somewhere() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    succeed(&["pages", "--output", output.to_str().unwrap()]);
    let read = |file: &str| fs::read_to_string(output.join(file)).unwrap();
    assert!(read("README.md").contains("- [22 tags](tags.md)"));
    assert!(read("structures.md").contains(
        "| Attribute Value | [Attribute Value](structures.md#attribute-value) | in 1.0 | no | 1.0-1.1 |  |"
    ));
    assert!(
        read("operations.md")
            .contains("Where a policy does not list it, its entry for Get stands in. As an example.")
    );
    assert!(
        read("attributes.md")
            .contains("| modifiable by client | when: the object is in state Pre-Active | no |")
    );
    for file in fs::read_dir(&output).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let headings = read(file).to_lowercase().replace(['.', '#'], "").replace(' ', "-");
            assert!(headings.contains(anchor), "{link}");
        }
    }
}
