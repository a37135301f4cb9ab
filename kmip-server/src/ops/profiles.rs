//! The profiles that Query claims, and the extensions that it lists.

use kmip::ttlv::names::TagInfo;
use kmip::ttlv::{ItemType, Version};
use kmip::types::{ExtensionInformation, Operation, ProfileName, QueryFunction, version};

use super::is_served;

/// The profiles of a version's list whose operations the server has, in the version that the profile is for.
///
/// Claimed are those whose text names what they take, so that it can be held against what is there; a Baseline or
/// Complete Server is left to be said by those who have read its profile.
pub(super) fn claimed(version: Version) -> impl Iterator<Item = ProfileName> {
    ProfileName::all(version).filter(|profile| {
        let Some((family, of)) = profile.name().and_then(split) else { return false };
        let operations = PROFILES.iter().find(|(name, _)| *name == family).map(|(_, operations)| *operations);
        operations.is_some_and(|operations| {
            let baseline = BASELINE.iter().filter(|operation| operation.is_in(of));
            baseline.chain(operations).all(|operation| is_served(*operation, of))
        })
    })
}

/// What a profile is called, and the version that it is for: `TapeLibraryServerKMIPV1_2`.
fn split(name: &'static str) -> Option<(&'static str, Version)> {
    let (family, number) = name.split_once("KMIPV")?;
    let (major, minor) = number.split_once('_')?;
    let of = Version::new(major.parse().ok()?, minor.parse().ok()?);
    version::ALL.contains(&of).then_some((family, of))
}

/// The profiles, and the operations that each takes beside the common ones (the profile documents of KMIP 1.0 to 1.2, "Server").
const PROFILES: [(&str, &[Operation]); 7] = [
    ("SymmetricKeyLifecycleServer", &[Operation::Create]),
    ("AsymmetricKeyLifecycleServer", &[Operation::CreateKeyPair]),
    ("TapeLibraryServer", &[Operation::Create]),
    ("OpaqueManagedObjectStoreServer", &[Operation::Register]),
    ("BasicCryptographicServer", &[Operation::Encrypt, Operation::Decrypt]),
    ("AdvancedCryptographicServer", &ADVANCED),
    ("RNGCryptographicServer", &[Operation::RNGRetrieve, Operation::RNGSeed]),
];

const ADVANCED: [Operation; 8] = [
    Operation::Encrypt,
    Operation::Decrypt,
    Operation::Sign,
    Operation::SignatureVerify,
    Operation::MAC,
    Operation::MACVerify,
    Operation::RNGRetrieve,
    Operation::RNGSeed,
];

/// What every one of them takes.
const BASELINE: [Operation; 14] = [
    Operation::Activate,
    Operation::AddAttribute,
    Operation::Check,
    Operation::DeleteAttribute,
    Operation::Destroy,
    Operation::DiscoverVersions,
    Operation::Get,
    Operation::GetAttributeList,
    Operation::GetAttributes,
    Operation::Locate,
    Operation::ModifyAttribute,
    Operation::Query,
    Operation::Register,
    Operation::Revoke,
];

/// The items of the tables that are a vendor's, if one of the two functions asks for them. The map goes before the list:
/// "only the response to Query Extension Map SHALL be returned" (1.4 §4.25, 2.0 §6.1.37).
pub(super) fn extensions(
    functions: &[QueryFunction],
    tags: &'static [TagInfo],
    version: Version,
) -> Vec<ExtensionInformation> {
    let with_tags = functions.contains(&QueryFunction::QueryExtensionMap);
    if !with_tags && !functions.contains(&QueryFunction::QueryExtensionList) {
        return Vec::new();
    }
    let own = tags
        .iter()
        .filter(|info| EXTENSIONS.contains(&info.tag.0) && version.is_within(info.since, info.until));
    own.map(|info| {
        let mut extension = ExtensionInformation::new(info.name.into());
        if with_tags {
            extension.extension_tag = i32::try_from(info.tag.0).ok();
            // One that may be of several types says none.
            if let [only] = info.item_types {
                set_type(&mut extension, *only, version);
            }
        }
        extension
    })
    .collect()
}

fn set_type(extension: &mut ExtensionInformation, item_type: ItemType, version: Version) {
    if ExtensionInformation::has_extension_type(version) {
        extension.extension_type = Some(item_type.code().into());
    } else {
        extension.extension_item_type = Some(kmip::types::ItemType(item_type.code().into()));
    }
}

/// The tags that are for vendors (1.4 §9.1.1.1).
const EXTENSIONS: std::ops::RangeInclusive<u32> = 0x54_0000..=0x54_FFFF;

#[cfg(test)]
mod tests {
    use kmip::ttlv::Tag;
    use kmip::types::version::{V1_1, V1_2, V1_4, V2_0};

    use super::*;

    static TAGS: [TagInfo; 3] = [
        tag(0x42_0053, "Name", &[ItemType::Structure]),
        tag(0x54_0001, "Rack", &[ItemType::Structure]),
        tag(0x54_0002, "Shelf", &[ItemType::Integer, ItemType::TextString]),
    ];

    const fn tag(number: u32, name: &'static str, item_types: &'static [ItemType]) -> TagInfo {
        TagInfo {
            tag: Tag(number),
            name,
            text: name,
            since: V1_2,
            until: None,
            item_types,
            secret: false,
            values: None,
        }
    }

    #[test]
    fn extensions_are_the_vendors_own() {
        use QueryFunction as Q;
        let list = extensions(&[Q::QueryExtensionList], &TAGS, V1_4);
        assert_eq!(list, ["Rack", "Shelf"].map(|name| ExtensionInformation::new(name.into())));
        let map = extensions(&[Q::QueryExtensionList, Q::QueryExtensionMap], &TAGS, V1_4);
        let types: Vec<_> = map.iter().map(|own| (own.extension_tag, own.extension_type)).collect();
        assert_eq!(types, [(Some(0x54_0001), Some(1)), (Some(0x54_0002), None)]);
        let map = extensions(&[Q::QueryExtensionMap], &TAGS, V2_0);
        assert!(map[0].extension_type.is_none() && map[0].extension_item_type.is_some());
        assert!(extensions(&[Q::QueryExtensionMap], &TAGS, V1_1).is_empty(), "of a later version");
        assert!(extensions(&[Q::QueryOperations], &TAGS, V1_4).is_empty());
    }

    #[test]
    fn names_of_profiles_are_those_of_the_tables() {
        let known: Vec<_> =
            ProfileName::all(V1_4).filter_map(|profile| profile.name().and_then(split)).collect();
        for (family, _) in PROFILES {
            assert!(known.iter().any(|(name, of)| *name == family && *of == V1_2), "{family}");
        }
    }
}
