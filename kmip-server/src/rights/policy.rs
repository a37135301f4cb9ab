//! One policy, and how its tables are read.

use std::collections::BTreeMap;

use kmip::types::tables::RIGHTS;
use kmip::types::{ObjectType, Operation};

/// Who may do an operation. Later ones permit more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nobody.
    DisallowAll,
    /// The object's owner.
    AllowOwner,
    /// Everyone.
    AllowAll,
}

/// Permissions by object type and operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(BTreeMap<ObjectType, BTreeMap<Operation, Permission>>);

impl Table {
    /// Sets the permission for an operation on objects of a type.
    pub fn set(&mut self, object_type: ObjectType, operation: Operation, permission: Permission) {
        self.0.entry(object_type).or_default().insert(operation, permission);
    }

    /// The permission for an operation on objects of a type: the table's own entry, else that of the operation whose
    /// right stands in for it, else none.
    pub fn permission(&self, object_type: ObjectType, operation: Operation) -> Permission {
        let Some(operations) = self.0.get(&object_type) else { return Permission::DisallowAll };
        let mut operation = operation;
        // Each step leads to an older operation; the bound is for tables that someone has made a circle of.
        for _ in 0..=RIGHTS.len() {
            if let Some(permission) = operations.get(&operation) {
                return *permission;
            }
            match RIGHTS.iter().find(|(uncovered, _)| *uncovered == operation) {
                Some((_, stands_in)) => operation = *stands_in,
                None => break,
            }
        }
        Permission::DisallowAll
    }
}

/// An operation policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What holds where nothing is known of a user's groups.
    pub preset: Option<Table>,
    /// What holds for the members of each group.
    pub groups: Option<BTreeMap<String, Table>>,
}

impl Policy {
    /// The permission for a user with these groups, if they are known.
    ///
    /// The most permissive of a user's groups counts. Where the groups are known and the policy knows no groups, its
    /// preset counts; where they are not known and it has no preset, everything is disallowed.
    pub fn permission(
        &self,
        groups: Option<&[String]>,
        object_type: ObjectType,
        operation: Operation,
    ) -> Permission {
        match (groups, &self.groups, &self.preset) {
            (Some(groups), Some(tables), _) => groups
                .iter()
                .filter_map(|group| tables.get(group))
                .map(|table| table.permission(object_type, operation))
                .max()
                .unwrap_or(Permission::DisallowAll),
            (_, _, Some(preset)) => preset.permission(object_type, operation),
            (_, _, None) => Permission::DisallowAll,
        }
    }
}
