//! Every rule that tables must keep: one fault each, told with file, line and reason.

mod common;

use common::{copy, edit, problems, tests};

/// Puts a fault into the fixture and compares what is said about it.
#[track_caller]
fn fault(name: &str, file: &str, old: &str, new: &str, expected: &[&str]) {
    let directory = copy(&tests("fixture"), &format!("check-{name}"));
    edit(&directory, file, old, new);
    assert_eq!(problems(&directory, None), expected);
}

macro_rules! faults {
    ($($name:ident: $file:literal, $old:literal => $new:literal, [$($expected:literal),+ $(,)?];)+) => {$(
        #[test]
        fn $name() {
            fault(stringify!($name), $file, $old, $new, &[$($expected),+]);
        }
    )+};
}

#[test]
fn the_fixture_is_without_fault() {
    assert_eq!(problems(&tests("fixture"), None), [""; 0]);
}

#[test]
fn the_tables_of_the_project_are_without_fault() {
    let spec = kmip_gen::spec_dir();
    if !spec.join("versions.yaml").exists() {
        eprintln!("skipped: there are no tables in {}", spec.display());
        return;
    }
    assert_eq!(problems(&spec, None), [""; 0]);
}

#[test]
fn a_missing_directory_is_told() {
    let directory = tests("nowhere");
    assert_eq!(problems(&directory, None), [":1: there is no such directory"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let directory = copy(&tests("fixture"), "check-all");
    edit(&directory, "tags.yaml", "tag: 0x420125", "tag: 0x42013B");
    edit(&directory, "masks.yaml", "0x40", "0x41");
    edit(&directory, "operations/get.yaml", "reason: Item Not Found", "reason: Item Lost");
    assert_eq!(
        problems(&directory, None),
        [
            "masks.yaml:6: 0x41 is not a single bit",
            "operations/get.yaml:11: there is no `Item Lost` in the enumeration Result Reason",
            "tags.yaml:24: tag 0x42013B is that of `Attributes` already",
        ]
    );
}

// YAML, and what serde finds.
faults! {
    not_yaml: "masks.yaml", "values:" => "values: [", ["masks.yaml:4: did not find expected node content"];
    unknown_key: "tags.yaml", "type: Integer" => "typ: Integer", [
        "tags.yaml:7: unknown field `typ`, expected one of `tag`, `name`, `text`, `type`, `section`, `since`, `until`, `note`, `secret`, `extend`",
    ];
}

// Versions and gates.
faults! {
    bare_number_as_version: "tags.yaml", "Attributes, since: v2.0" => "Attributes, since: 2.0", [
        "tags.yaml:23: invalid type: floating point `2.0`, expected a version spelled like v1.4",
    ];
    versions_out_of_order: "versions.yaml", "v1.1" => "v2.1", [
        "versions.yaml:4: version v2.0 does not follow its predecessor",
    ];
    unknown_version: "enums.yaml", "Template, until: v1.1" => "Template, until: v1.2", [
        "enums.yaml:12: there is no version v1.2",
    ];
    empty_gate: "enums.yaml", "Template, until: v1.1" => "Template, since: v2.0, until: v1.1", [
        "enums.yaml:12: the gate is empty: it begins with v2.0 and ends before",
    ];
    gate_outside_the_enumeration: "enums.yaml", "name: ID Placeholder"
        => "name: ID Placeholder, since: v1.0", [
        "enums.yaml:33: the gate has v1.0, which that of the enumeration does not have",
    ];
    gate_outside_the_structure: "structures/keys.yaml", "name: Private Exponent"
        => "name: Private Exponent, since: v1.0", [
        "structures/keys.yaml:20: the gate has v1.0, which that of the structure does not have",
    ];
    gate_outside_the_tag_of_the_name: "structures/base.yaml", "  open: true" => "  since: v1.0", [
        "structures/base.yaml:23: the gate has v1.0, which that of the tag of its name does not have",
    ];
    section_of_an_unknown_version: "masks.yaml", "v2.0:" => "v2.1:", [
        "masks.yaml:1: there is no version v2.1",
    ];
    section_outside_the_gate: "structures/base.yaml", "{ v1.1: \"3.12\"" => "{ v1.0: \"3.12\"", [
        "structures/base.yaml:23: `X.509 Certificate Issuer` has a section in v1.0, a version that does not have it",
    ];
    first_section_too_late: "structures/base.yaml", "{ v1.0: \"3.1\", v2.0: \"4.51\" }"
        => "{ v2.0: \"4.51\" }", [
        "structures/base.yaml:16: `Unique Identifier` has its first section in v2.0, but is since v1.0",
    ];
    field_outside_its_tag: "structures/base.yaml", "fields:\n    - { name: Operation }"
        => "fields:\n    - { name: Attributes, optional: true }\n    - { name: Operation }", [
        "structures/base.yaml:32: `Attributes` is in v1.0, but its tag `Attributes` is not",
    ];
    field_outside_its_type: "structures/keys.yaml", "{ name: Key Material }"
        => "{ name: Key Material, type: Transparent RSA Private Key }", [
        "structures/keys.yaml:5: `Key Material` is in v1.0, but its type `Transparent RSA Private Key` is not",
        "structures/keys.yaml:8: nothing decides choice `Key Material`: in `Key Material` no `Key Format Type` stands before it",
    ];
    structure_outside_its_tag: "structures/keys.yaml", "tag: Key Material\n" => "tag: Attributes\n", [
        "structures/keys.yaml:15: `Transparent RSA Private Key` is in v1.1, but its tag `Attributes` is not",
    ];
    attribute_outside_its_tag: "attributes.yaml", "- name: Custom Attribute\n"
        => "- name: Custom Attribute\n    until: v2.0\n", [
        "attributes.yaml:39: the gate has v2.0, which that of its tag does not have",
    ];
    reason_outside_its_value: "operations/create.yaml", "reason: Invalid Object Type, since: v2.0"
        => "reason: Invalid Object Type", [
        "operations/create.yaml:18: reason `Invalid Field` can't stand for `Invalid Object Type`, which stands here itself",
        "operations/create.yaml:20: there is no reason `Invalid Object Type` in v1.0",
    ];
    optional_in_the_middle: "structures/keys.yaml", "Length, optional: true"
        => "Length, optional: { since: v1.1, until: v1.1 }", [
        "structures/keys.yaml:6: `Cryptographic Length` is `optional` in the middle of its versions: it must stand twice",
    ];
}

// Numbers and names.
faults! {
    duplicate_tag_number: "tags.yaml", "0x420043" => "0x420042", [
        "tags.yaml:12: tag 0x420042 is that of `Key Format Type` already",
    ];
    duplicate_tag_name: "tags.yaml", "" => "  - { tag: 0x420058, name: Object Type }\n", [
        "tags.yaml:25: there are two tags `Object Type`",
    ];
    tag_out_of_range: "tags.yaml", "0x42002A" => "0x43002A", [
        "tags.yaml:7: tag 0x43002A is neither KMIP's (0x42....) nor a vendor's (0x54....)",
    ];
    tag_without_number: "tags.yaml", "tag: 0x42002A, " => "", [
        "tags.yaml:7: tag `Cryptographic Length` has no number (`tag:`)",
    ];
    tag_without_type: "tags.yaml", "type: Integer" => "secret: false", [
        "tags.yaml:7: tag `Cryptographic Length` has no `type`, and no structure, choice, enumeration or mask has its name",
    ];
    tag_of_an_unknown_type: "tags.yaml", "type: Integer" => "type: Number", [
        "tags.yaml:7: there is no type `Number`",
    ];
    duplicate_value: "enums.yaml", "0x03" => "0x01", ["enums.yaml:5: value 0x1 is that of `Raw` already"];
    duplicate_value_name: "enums.yaml", "name: PKCS#1" => "name: Raw", [
        "enums.yaml:5: there are two values `Raw`",
    ];
    duplicate_further_name: "enums.yaml", "[TransparentRSAPrivate]" => "[Raw]", [
        "enums.yaml:6: `Raw` is a CamelCase name of `Raw` already",
    ];
    two_bits: "masks.yaml", "0x40" => "0x03", ["masks.yaml:6: 0x3 is not a single bit"];
    duplicate_type: "structures/keys.yaml", ""
        => "- name: Managed Object\n  section: { v1.0: \"2.2\" }\n  choice: { by: Tag }\n  cases:\n    - { type: Symmetric Key }\n", [
        "structures/keys.yaml:32: there are two types `Managed Object`",
    ];
    type_like_a_plain_one: "structures/keys.yaml", ""
        => "- name: Tag\n  section: { v1.0: \"2.2\" }\n  choice: { by: Tag }\n  cases:\n    - { type: Symmetric Key }\n", [
        "structures/keys.yaml:32: `Tag` is one of the plain types: `type_name:` can tell this one apart",
    ];
    type_with_a_taken_rust_name: "structures/keys.yaml", "name: Managed Object\n"
        => "name: Managed Object\n  rust: Item\n", [
        "structures/keys.yaml:22: `Managed Object` is `Item` in Rust, which is taken: `rust:` can name it",
    ];
    two_types_with_one_rust_name: "structures/keys.yaml", "name: Managed Object\n"
        => "name: Managed Object\n  rust: KeyBlock\n", [
        "structures/keys.yaml:22: two types are `KeyBlock` in Rust: `rust:` can tell them apart",
    ];
    no_identifier: "enums.yaml", "name: PKCS#1 " => "name: PKCS#1, text: 1PKCS ", [
        "enums.yaml:5: `1PKCS` can't be a name in Rust: `text:` or `rust:` can give another",
    ];
    field_named_unknown: "structures/keys.yaml", "{ name: Key Format Type }"
        => "{ name: Key Format Type, rust: unknown }", [
        "structures/keys.yaml:4: the field `unknown` is that of unlisted items: `rust:` can name this one",
    ];
    two_fields_with_one_rust_name: "structures/keys.yaml", "{ name: Key Format Type }"
        => "{ name: Key Format Type, rust: key_material }", [
        "structures/keys.yaml:5: two fields are `key_material` in Rust: `rust:` can tell them apart",
    ];
    two_fields_with_one_tag: "structures/keys.yaml", "{ name: Key Format Type }"
        => "{ name: Key Format Type }\n    - { name: Key Format Type, rust: second }", [
        "structures/keys.yaml:5: two fields have the tag `Key Format Type` in one version",
    ];
    tag_with_two_enumerations: "structures/keys.yaml", "{ name: Key Format Type }"
        => "{ name: Key Format Type, type: Object Type }", [
        "tags.yaml:11: items of tag `Key Format Type` are values of Key Format Type and of Object Type",
    ];
}

// Structures and choices.
faults! {
    secret_that_can_not_be_kept: "tags.yaml", "type: Integer" => "type: Integer, secret: true", [
        "tags.yaml:7: `Cryptographic Length` can't be secret: its type is `Integer`",
    ];
    unknown_tag: "structures/keys.yaml", "{ name: Key Format Type }" => "{ name: Key Form }", [
        "structures/keys.yaml:4: there is no tag `Key Form`",
    ];
    unknown_type: "structures/keys.yaml", "{ name: Key Material }"
        => "{ name: Key Material, type: Key Stuff }", [
        "structures/keys.yaml:5: there is no type `Key Stuff`",
    ];
    structure_without_section: "structures/base.yaml", "  section: { v2.0: \"5.1\" }\n" => "", [
        "structures/base.yaml:11: structure `Attributes` has no `section`",
    ];
    structure_without_tag: "structures/keys.yaml", "  tag: Key Material\n" => "", [
        "structures/keys.yaml:15: structure `Transparent RSA Private Key` has no tag: there is none of its name",
    ];
    structure_without_fields: "structures/base.yaml", "  open: true\n  fields:\n    - { name: Vendor Identification, optional: true, repeat: { since: v2.0 } }\n"
        => "", [
        "structures/base.yaml:23: `X.509 Certificate Issuer` has neither `fields` nor a `choice`",
    ];
    attribute_under_a_foreign_tag: "structures/base.yaml", "tag: any, " => "", [
        "structures/base.yaml:14: `Attribute` holds an attribute under its own tag: `tag: any`",
    ];
    any_tag_without_choice: "structures/keys.yaml", "{ name: Key Format Type }"
        => "{ name: Key Format Type, tag: any }", [
        "structures/keys.yaml:4: `tag: any` is of choices that know the tags of their cases",
    ];
    choice_without_decider: "structures/keys.yaml", "    - { name: Key Format Type }\n" => "", [
        "structures/keys.yaml:7: nothing decides choice `Key Material`: in `Batch Item` no `Key Format Type` stands before it",
    ];
    decider_behind_the_choice: "structures/keys.yaml", "    - { name: Key Format Type }\n    - { name: Key Material }\n"
        => "    - { name: Key Material }\n    - { name: Key Format Type }\n", [
        "structures/keys.yaml:8: nothing decides choice `Key Material`: in `Batch Item` no `Key Format Type` stands before it",
    ];
    decider_repeated: "structures/keys.yaml", "{ name: Key Format Type }"
        => "{ name: Key Format Type, repeat: true }", [
        "structures/keys.yaml:8: nothing decides choice `Key Material`: in `Batch Item` no `Key Format Type` stands before it",
    ];
    unknown_deciding_value: "structures/keys.yaml", "when: [Transparent RSA Private Key]"
        => "when: [Opaque]", [
        "structures/keys.yaml:13: there is no `Opaque` in the enumeration Key Format Type",
    ];
    when_without_decider: "structures/base.yaml", "{ type: Text String }"
        => "{ type: Text String, when: [Raw] }", [
        "structures/base.yaml:20: `when` is of choices that another item decides",
    ];
    case_that_never_applies: "structures/base.yaml", "{ type: Text String }"
        => "{ type: Text String }\n    - { type: Text String, rust: Again }", [
        "structures/base.yaml:21: case `Text String` never applies: `Text String` does before",
    ];
    two_cases_of_one_name: "structures/keys.yaml", "    - { type: Byte String }\n"
        => "    - { type: Byte String }\n    - { type: Byte String, rust: ByteString }\n", [
        "structures/keys.yaml:13: choice `Key Material` has a variant `ByteString` already",
    ];
    case_without_tag: "structures/keys.yaml", "    - { type: Symmetric Key }"
        => "    - { type: Byte String }", [
        "structures/keys.yaml:26: `Byte String` is no structure with a tag of its own",
    ];
    choice_without_cases: "structures/keys.yaml", "  cases:\n    - { type: Symmetric Key }\n" => "", [
        "structures/keys.yaml:22: choice `Managed Object` has no cases",
    ];
    choice_without_case_in_a_version: "structures/base.yaml", "{ type: Text String }"
        => "{ type: Text String, since: v1.1 }", [
        "structures/base.yaml:16: choice `Unique Identifier` has no case in v1.0",
    ];
    choice_in_itself: "structures/base.yaml", "{ type: Text String }"
        => "{ type: Text String }\n    - { type: Unique Identifier }", [
        "structures/base.yaml:16: choice `Unique Identifier` is a case of itself",
    ];
}

// Attributes, operations, rights.
faults! {
    attribute_without_rules: "attributes.yaml", "    rules: *given\n" => "", [
        "attributes.yaml:39: attribute `Custom Attribute` has no rules for v1.0",
        "attributes.yaml:39: attribute `Custom Attribute` has no rules for v1.1",
    ];
    attribute_without_rules_for_a_version: "attributes.yaml", "      - until: v1.1\n"
        => "      - until: v1.0\n", [
        "attributes.yaml:6: attribute `Cryptographic Length` has no rules for v1.1",
    ];
    attribute_with_two_rule_sets: "attributes.yaml", "      - since: v2.0\n" => "      - since: v1.1\n", [
        "attributes.yaml:18: attribute `Cryptographic Length` has two rule sets for v1.1",
    ];
    attribute_without_tag: "attributes.yaml", "name: Cryptographic Length" => "name: Cryptographic Height", [
        "attributes.yaml:6: there is no tag `Cryptographic Height`",
        "operations/create.yaml:16: there is no attribute `Cryptographic Length`",
    ];
    unknown_keyword: "attributes.yaml", "when: pre-active" => "when: preactive", [
        "attributes.yaml:9: there is no keyword `preactive` at the head of the file",
    ];
    unknown_object_type: "attributes.yaml", "applies_to: [Symmetric Key]" => "applies_to: [Symmetric Keys]", [
        "attributes.yaml:31: there is no `Symmetric Keys` in the enumeration Object Type",
        "attributes.yaml:41: there is no `Symmetric Keys` in the enumeration Object Type",
    ];
    object_type_of_no_version: "attributes.yaml", "        applies_to: [All Objects]\n\n"
        => "        applies_to: [Template]\n\n", [
        "attributes.yaml:18: `Template` is in none of the versions of these rules",
    ];
    operation_without_file: "enums.yaml", "name: Poll }"
        => "name: Poll }\n    - { value: 0x1B, name: Put }", [
        "enums.yaml:20: operation `Put` has no file in operations/: no payloads",
    ];
    operation_without_response: "operations/poll.yaml", "response: none\n" => "", [
        "operations/poll.yaml:1: operation `Poll` has no `response`",
    ];
    operation_without_section: "operations/poll.yaml", "section: { v1.0: \"4.26\", v2.0: \"6.1.36\" }\n"
        => "", [
        "operations/poll.yaml:1: operation `Poll` has no `section`",
    ];
    operation_without_code: "operations/poll.yaml", "name: Poll" => "name: Pull", [
        "operations/poll.yaml:1: there is no `Pull` in the enumeration Operation",
    ];
    operation_twice: "operations/poll.yaml", "name: Poll" => "name: Get", [
        "operations/poll.yaml:1: there are two operations `Get`",
    ];
    unknown_reason: "operations/get.yaml", "Item Not Found" => "Item Lost", [
        "operations/get.yaml:11: there is no `Item Lost` in the enumeration Result Reason",
    ];
    reason_twice: "operations/get.yaml", "Item Not Found, until: v1.1 }"
        => "Item Not Found, until: v1.1 }\n  - { reason: Item Not Found }", [
        "operations/get.yaml:12: reason `Item Not Found` stands here twice",
    ];
    right_of_an_unknown_operation: "rights.yaml", "right: Get" => "right: Fetch", [
        "rights.yaml:1: there is no `Fetch` in the enumeration Operation",
    ];
    right_twice: "rights.yaml", "" => "- { operation: Create, right: Poll }\n", [
        "rights.yaml:2: `Create` has a right that stands in already",
    ];
    right_of_itself: "rights.yaml", "right: Get" => "right: Create", [
        "rights.yaml:1: the right of `Create` can't stand in for itself",
    ];
    right_in_a_chain: "rights.yaml", "" => "- { operation: Get, right: Poll }\n", [
        "rights.yaml:1: the right of `Get`, which stands in, is itself stood in for",
    ];
    object_type_made_twice: "operations/create.yaml", "{ object_type: Symmetric Key }"
        => "{ object_type: Symmetric Key }\n  - { object_type: Symmetric Key, since: v1.1 }", [
        "operations/create.yaml:15: object type `Symmetric Key` stands here twice",
    ];
    object_type_made_in_a_version_without_it: "operations/create.yaml", "{ object_type: Symmetric Key }"
        => "{ object_type: Template }", [
        "operations/create.yaml:14: there is no `Template` in v2.0",
    ];
    unknown_attribute_required: "operations/create.yaml", "attribute: Cryptographic Length"
        => "attribute: Cryptographic Height", [
        "operations/create.yaml:16: there is no attribute `Cryptographic Height`",
    ];
    attribute_required_twice: "operations/create.yaml", "{ attribute: Cryptographic Length, until: v1.1 }"
        => "{ attribute: Cryptographic Length }\n  - { attribute: Cryptographic Length }", [
        "operations/create.yaml:17: attribute `Cryptographic Length` stands here twice",
    ];
    reason_instead_of_one_that_is_there: "operations/create.yaml", "{ reason: Invalid Field, since: v2.0 }"
        => "{ reason: Invalid Field, since: v2.0, instead_of: [Invalid Object Type] }", [
        "operations/create.yaml:19: reason `Invalid Field` can't stand for `Invalid Object Type`, which stands here itself",
    ];
    key_format_twice: "key_formats.yaml", "" => "  - { object_type: Symmetric Key, format: PKCS#1 }\n", [
        "key_formats.yaml:4: there is a format for these keys already",
    ];
    key_format_of_another_version: "key_formats.yaml", "format: Raw" => "format: Transparent RSA Private Key", [
        "key_formats.yaml:3: there is no `Transparent RSA Private Key` in v1.0",
    ];
    key_formats_without_section: "key_formats.yaml", "section: { v2.0: \"4.26\" }\n" => "", [
        "key_formats.yaml:2: key format `Raw` has no `section`",
    ];
    behaviour_without_note: "behaviour.yaml", ", note: Newest first." => "", [
        "behaviour.yaml:1: behaviour `Order of Answers` has no `note`",
    ];
    behaviour_twice: "behaviour.yaml", ""
        => "- { name: Order of answers, section: { v1.0: \"4.8\" }, note: None. }\n", [
        "behaviour.yaml:2: there are two entries `Order of answers`",
    ];
    behaviour_without_section: "behaviour.yaml", "section: { v1.0: \"4.8\" }, " => "", [
        "behaviour.yaml:1: behaviour `Order of Answers` has no `section`",
    ];
    overlay_key_in_the_base: "masks.yaml", "name: Sign" => "name: Sign, extend: true", [
        "masks.yaml:4: `extend` is of overlays",
    ];
    after_in_the_base: "structures/keys.yaml", "{ name: Key Material }"
        => "{ name: Key Material, after: Key Format Type }", [
        "structures/keys.yaml:5: `after` is of overlays: here the fields stand in their order",
    ];
}
