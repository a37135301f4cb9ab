//! Overlays: a vendor's extension, a protocol version more, and what they may not do.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{copy, edit, problems, tests};
use kmip_gen::Spec;

/// The Rust of a table, without spaces.
fn table(spec: &Spec, name: &str) -> String {
    let (_, text) = spec.rust().into_iter().find(|(table, _)| *table == name).unwrap();
    text.replace(' ', "")
}

fn read(base: &Path, overlay: &Path) -> Spec {
    Spec::read(base, Some(overlay)).unwrap_or_else(|error| panic!("{error}"))
}

/// The fixture, and the tables of the project where they are.
fn bases() -> Vec<PathBuf> {
    let mut bases = vec![tests("fixture")];
    if kmip_gen::spec_dir().join("versions.yaml").exists() {
        bases.push(kmip_gen::spec_dir());
    } else {
        eprintln!("skipped for the project's tables: there are none");
    }
    bases
}

#[test]
fn a_vendor_extends_the_tables() {
    for base in bases() {
        let spec = read(&base, &tests("overlay"));
        assert!(table(&spec, "tags").contains("pubconstRackLocation:Self=Self(0x540001);"));
        assert!(table(&spec, "enums").contains("pubconstSealedEnvelope:Self=Self(0x80000001);"));
        let structures = table(&spec, "structures");
        assert!(structures.contains("pubstructRackLocation{"));
        assert!(structures.contains("#[ttlv(tag=RackNumber)]pubrack_number:Option<i32>"), "the gained field");
        assert!(
            structures.contains("#[ttlv(tag=RackLocation,since=\"2.0\")]RackLocation(RackLocation)"),
            "the attribute"
        );
        let operations = table(&spec, "operations");
        assert!(operations.contains("impl::kmip::types::RequestforBlinkRequest{typeResponse=BlinkResponse;"));
        assert!(operations.contains("Blink(BlinkRequest)"));
        assert!(table(&spec, "attributes").contains("Rule::When(\"unplugged\")"));
        assert!(table(&spec, "operation_info").contains("(Operation::Blink,Operation::Get)"));
    }
}

#[test]
fn a_version_is_added_behind_the_others() {
    for base in bases() {
        let spec = read(&base, &tests("overlay-version"));
        assert_eq!(spec.versions().last(), Some(&"2.1".parse().unwrap()));
        assert!(
            table(&spec, "version")
                .contains("pubconstV2_1:::kmip::ttlv::Version=::kmip::ttlv::Version::new(2,1);")
        );
        let structures = table(&spec, "structures");
        assert!(
            structures.contains("#[ttlv(tag=RotateAutomatic,since=\"2.1\")]pubrotate_automatic:Option<bool>")
        );
        assert!(structures.contains("KeyBlock(KMIP1.0-2.1;"), "what does not end goes on");
        assert!(table(&spec, "operations").contains("pubstructPingRequest{"));
        // The rules of the base end where the new ones begin.
        let attributes = table(&spec, "attributes");
        assert!(attributes.contains("until:Some(Version::new(2,0))"));
        assert!(attributes.contains("since:Version::new(2,1)"));
    }
}

#[test]
fn both_can_be_generated() {
    for overlay in ["overlay", "overlay-version"] {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("out-{overlay}"));
        fs::create_dir_all(&out).unwrap();
        for base in bases() {
            kmip_gen::generate(&base, Some(&tests(overlay)), &out).unwrap_or_else(|error| panic!("{error}"));
            assert!(fs::read_to_string(out.join("structures.rs")).unwrap().contains("pub struct KeyBlock"));
        }
    }
}

#[test]
fn what_ends_with_the_base_can_be_carried_on() {
    let base = copy(&tests("fixture"), "extend-base");
    edit(&base, "masks.yaml", "name: Verify", "name: Verify, until: v2.0");
    edit(&base, "tags.yaml", "type: Integer", "type: Integer, until: v2.0");
    edit(&base, "structures/keys.yaml", "Length, optional: true", "Length, until: v2.0, optional: true");
    let over = copy(&tests("overlay-version"), "extend-over");
    fs::remove_file(over.join("attributes.yaml")).unwrap();
    let without = Spec::read(&base, Some(&over)).unwrap();
    assert!(
        table(&without, "names")
            .contains("name:\"Verify\",text:\"Verify\",also:&[],since:Version::new(1,0),until:Some(")
    );

    edit(
        &over,
        "masks.yaml",
        "",
        "- name: Cryptographic Usage Mask\n  values:\n    - { name: Verify, extend: true }\n",
    );
    edit(&over, "tags.yaml", "", "  - { name: Cryptographic Length, extend: true }\n");
    edit(&over, "structures/keys.yaml", "", "    - { name: Cryptographic Length, extend: true }\n");
    let with = Spec::read(&base, Some(&over)).unwrap();
    assert!(
        table(&with, "names")
            .contains("name:\"Verify\",text:\"Verify\",also:&[],since:Version::new(1,0),until:None")
    );
    assert!(table(&with, "structures").contains("#[ttlv(tag=CryptographicLength)]pubcryptographic_length"));
}

/// Lays an overlay of one file over the fixture and compares what is said about it.
#[track_caller]
fn fault(name: &str, file: &str, text: &str, expected: &str) {
    let over = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("overlay-{name}"));
    fs::create_dir_all(over.join(file).parent().unwrap()).unwrap();
    fs::write(over.join(file), text).unwrap();
    assert_eq!(problems(&tests("fixture"), Some(&over)), [expected]);
}

macro_rules! faults {
    ($($name:ident: $file:literal, $text:literal, $expected:literal;)+) => {$(
        #[test]
        fn $name() {
            fault(stringify!($name), $file, $text, $expected);
        }
    )+};
}

faults! {
    a_tag_of_kmip: "tags.yaml", "tags:\n  - { tag: 0x420200, name: Rack, type: Integer }\n",
        "tags.yaml:2: tag 0x420200 is not a vendor's: those are 0x540000 to 0x54FFFF";
    a_value_of_kmip: "enums.yaml", "- name: Operation\n  values:\n    - { value: 0x60, name: Poll Again }\n",
        "enums.yaml:3: value 0x60 is not a vendor's: those begin with 0x80000000";
    a_tag_renumbered: "tags.yaml", "tags:\n  - { tag: 0x540001, name: Object Type }\n",
        "tags.yaml:2: tag `Object Type` is in the base already: an overlay can only carry it on (`extend: true`)";
    a_value_renumbered: "masks.yaml", "- name: Cryptographic Usage Mask\n  values:\n    - { value: 0x80, name: Sign }\n",
        "masks.yaml:3: value `Sign` is in the base already: an overlay can only carry it on (`extend: true`)";
    a_version_in_between: "versions.yaml", "- { version: v1.2, document: D, date: 2015-05-19 }\n",
        "versions.yaml:1: version v1.2 is not behind those of the base";
    carrying_on_what_does_not_end: "masks.yaml",
        "- name: Cryptographic Usage Mask\n  values:\n    - { name: Sign, extend: true }\n",
        "masks.yaml:3: value `Sign` does not end: there is nothing to carry on";
    carrying_on_what_has_ended: "masks.yaml",
        "- name: Cryptographic Usage Mask\n  values:\n    - { name: Export, extend: true }\n",
        "masks.yaml:3: value `Export` ended with v1.1: it can't be carried on";
    carrying_on_what_is_not_there: "masks.yaml",
        "- name: Cryptographic Usage Mask\n  values:\n    - { value: 0x80, name: Import, extend: true }\n",
        "masks.yaml:3: there is no value `Import` to carry on";
    a_field_after_none: "structures/a.yaml",
        "- name: Key Block\n  fields:\n    - { name: Object Type, after: Key Value }\n",
        "structures/a.yaml:3: there is no field `Key Value` to stand after";
    fields_of_a_choice: "structures/a.yaml", "- name: Key Material\n  fields:\n    - { name: Object Type }\n",
        "structures/a.yaml:1: `Key Material` is a choice: it has cases";
    cases_of_a_structure: "structures/a.yaml", "- name: Key Block\n  cases:\n    - { type: Integer }\n",
        "structures/a.yaml:1: `Key Block` is a structure: it has fields";
    rules_of_the_base: "attributes.yaml",
        "attributes:\n  - name: Cryptographic Length\n    rules:\n      - always_has_value: true\n        initially_set_by: []\n        modifiable_by_server: true\n        modifiable_by_client: true\n        deletable_by_client: true\n        multiple_instances: true\n        applies_to: []\n",
        "attributes.yaml:4: rules of an attribute of the base must begin with a version that the overlay adds";
}

#[test]
fn a_missing_overlay_is_told() {
    let nowhere = tests("nowhere");
    assert_eq!(problems(&tests("fixture"), Some(&nowhere)), [":1: there is no such directory"]);
}
