//! Who may do what to which object: operation policies, and the one place that asks them.
//!
//! A policy maps object types and operations to a [`Permission`] (KMIP 1.4 §3.18). It has a `preset` table, and tables
//! for `groups` that count where the groups of a user are known. The shape, the names in it and what follows from them
//! are those of PyKMIP's policy files; the reserved policies `default` and `public` are built in.
//!
//! What a table doesn't list is covered by the entry of the nearest older operation
//! ([`RIGHTS`](kmip::types::tables::RIGHTS)); what that doesn't cover either is refused.

mod file;
mod folder;
mod names;
mod policy;

use std::collections::BTreeMap;
use std::sync::Arc;

use kmip::types::{ObjectType, Operation, version};

pub use file::PolicyError;
pub use folder::{Fault, Folder, LivePolicies};
pub use policy::{Permission, Policy, Table};

use crate::store::{Grant, Visibility};

/// Whoever asks: a user, and the groups that the user is in where these are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name; none for someone who is not known, who may ask for nothing that concerns an object.
    pub user: Option<Arc<str>>,
    /// The user's groups; none where there is no group information.
    pub groups: Option<Arc<[String]>>,
    /// What the ticket allows that the user came with, if it was one.
    pub(crate) ticket: Option<Arc<crate::engine::Grant>>,
}

impl Caller {
    /// A user of whose groups nothing is known.
    pub fn user(name: impl Into<Arc<str>>) -> Self {
        Self { user: Some(name.into()), groups: None, ticket: None }
    }

    /// The same user as a member of these groups.
    #[must_use]
    pub fn in_groups(self, groups: Option<Arc<[String]>>) -> Self {
        Self { groups, ..self }
    }

    /// Nobody in particular.
    pub const fn anonymous() -> Self {
        Self { user: None, groups: None, ticket: None }
    }
}

/// An object as far as its rights depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its owner.
    pub owner: &'a str,
    /// The name of its policy.
    pub policy: &'a str,
    /// Its type.
    pub object_type: ObjectType,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The operation may go on.
    Allowed,
    /// The caller may know of the object, but not use it this way.
    Denied,
    /// For this caller there is no such object.
    Absent,
}

/// All policies in force.
#[derive(Clone, Debug)]
pub struct Policies {
    policies: BTreeMap<String, Policy>,
}

impl Policies {
    /// The reserved policies alone.
    pub fn built_in() -> Self {
        match file::parse(BUILT_IN) {
            Ok(policies) => Self { policies },
            // The text is part of the program, and a test reads it: without policies everything is refused.
            Err(_) => Self { policies: BTreeMap::new() },
        }
    }

    /// The reserved policies and those of a policy file's text. A policy with a reserved name is not taken.
    ///
    /// # Errors
    ///
    /// When the text is no policy file; the message says where and why.
    pub fn with_file(mut self, text: &str) -> Result<Self, PolicyError> {
        for (name, policy) in file::parse(text)? {
            self.set(&name, policy);
        }
        Ok(self)
    }

    /// Gives a policy, in the place of one of this name; not of a reserved one.
    fn set(&mut self, name: &str, policy: Policy) {
        if !RESERVED.contains(&name) {
            self.policies.insert(name.to_owned(), policy);
        }
    }

    /// Whether there is a policy of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.policies.contains_key(name)
    }

    /// What a caller may do with objects of a type under a policy.
    pub fn permission(
        &self,
        caller: &Caller,
        policy: &str,
        object_type: ObjectType,
        operation: Operation,
    ) -> Permission {
        match self.policies.get(policy) {
            Some(policy) => policy.permission(caller.groups.as_deref(), object_type, operation),
            None => Permission::DisallowAll,
        }
    }

    /// Whether a caller may do an operation to an object.
    pub fn decide(&self, caller: &Caller, object: Subject<'_>, operation: Operation) -> Decision {
        let Some(user) = &caller.user else { return Decision::Absent };
        let may = |operation| match self.permission(caller, object.policy, object.object_type, operation) {
            Permission::AllowAll => true,
            Permission::AllowOwner => object.owner == &**user,
            Permission::DisallowAll => false,
        };
        if may(operation) {
            Decision::Allowed
        } else if may(Operation::Locate) {
            Decision::Denied
        } else {
            Decision::Absent
        }
    }

    /// The objects that a caller may locate.
    pub fn visibility(&self, caller: &Caller) -> Visibility {
        let Some(user) = &caller.user else { return Visibility::Granted(Vec::new()) };
        let mut grants = Vec::new();
        for (name, policy) in &self.policies {
            let (mut all, mut own) = (Vec::new(), Vec::new());
            for object_type in version::ALL.iter().flat_map(|version| ObjectType::all(*version)) {
                let types = match policy.permission(caller.groups.as_deref(), object_type, Operation::Locate)
                {
                    Permission::AllowAll => &mut all,
                    Permission::AllowOwner => &mut own,
                    Permission::DisallowAll => continue,
                };
                if !types.contains(&object_type.0) {
                    types.push(object_type.0);
                }
            }
            for (types, owner) in [(all, None), (own, Some(user.to_string()))] {
                if !types.is_empty() {
                    grants.push(Grant { policy: name.clone(), object_types: Some(types), owner });
                }
            }
        }
        Visibility::Granted(grants)
    }
}

/// The policy of objects that name none (KMIP 1.4 §3.18.2).
pub const DEFAULT: &str = "default";

/// Names that a policy file can't give a meaning to.
const RESERVED: [&str; 2] = [DEFAULT, "public"];

/// The reserved policies, as a policy file.
const BUILT_IN: &str = include_str!("built_in.json");

#[cfg(test)]
mod tests;
