//! What PyKMIP keeps of an object beside what is in it.

use kmip::ttlv::DateTime;
use kmip::types::{
    ApplicationSpecificInformation, AttributeSet, AttributeValue as V, CryptographicUsageMask, Name,
    NameType, State,
};

use super::database::{Parts, Trouble};
use super::object::{is_cryptographic, object_type};
use super::row::Row;

/// The attributes of a row's object.
///
/// Several values of one attribute are numbered in their order, which is what PyKMIP tells its clients, whatever is in
/// its columns for indices.
pub(super) fn read(parts: &Parts<'_>, managed: &Row) -> Result<AttributeSet, Trouble> {
    let mut set = AttributeSet::new();
    for row in parts.rows("managed_object_names", NAMES)? {
        let name = row.required("name", row.text("name")?)?;
        let kind = row.enumeration("name_type", NameType::name)?;
        set.add(V::Name(Name::new(name, kind.unwrap_or(NameType::UninterpretedTextString))));
    }
    if let Some(policy) = managed.text("operation_policy_name")? {
        set.add(V::OperationPolicyName(policy));
    }
    let created = managed.integer("initial_date")?;
    set.add(V::InitialDate(DateTime(managed.required("initial_date", created)?)));
    if is_cryptographic(object_type(managed)?) {
        let row = parts.row("crypto_objects")?;
        let mask = row.small("cryptographic_usage_mask")?.unwrap_or(0);
        set.add(V::CryptographicUsageMask(CryptographicUsageMask::from_bits_retain(mask.cast_unsigned())));
        let state = row.enumeration("state", State::name)?;
        set.add(V::State(row.required("state", state)?));
    }
    set.add(V::Sensitive(managed.flag("sensitive")?.unwrap_or(false)));
    if parts.has("object_group_map")? {
        for row in parts.rows("object_groups", GROUPS)? {
            set.add(V::ObjectGroup(row.required("object_group", row.text("object_group")?)?));
        }
    }
    if parts.has("app_specific_info_map")? {
        for row in parts.rows("app_specific_info", APPLICATIONS)? {
            let namespace = row.required("application_namespace", row.text("application_namespace")?)?;
            set.add(V::ApplicationSpecificInformation(ApplicationSpecificInformation {
                application_data: row.text("application_data")?,
                ..ApplicationSpecificInformation::new(namespace)
            }));
        }
    }
    Ok(set)
}

const NAMES: &str = "SELECT * FROM managed_object_names WHERE mo_uid = ? ORDER BY id";

const GROUPS: &str = "SELECT object_groups.* FROM object_groups \
                      JOIN object_group_map ON object_group_id = object_groups.id \
                      WHERE managed_object_id = ? ORDER BY object_groups.id";

const APPLICATIONS: &str = "SELECT app_specific_info.* FROM app_specific_info \
                            JOIN app_specific_info_map ON app_specific_info_id = app_specific_info.id \
                            WHERE managed_object_id = ? ORDER BY app_specific_info.id";
