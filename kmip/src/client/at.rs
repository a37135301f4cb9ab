//! One call in another version.

use std::ops::{Deref, DerefMut};

use super::{Client, blocking};
use crate::ttlv::Version;

/// A client whose requests are in another version as long as this is there.
#[derive(Debug)]
pub struct At<'a, C: Versioned> {
    client: &'a mut C,
    before: Version,
}

impl<'a, C: Versioned> At<'a, C> {
    pub(super) fn new(client: &'a mut C, version: Version) -> Self {
        let before = client.version();
        client.set_version(version);
        Self { client, before }
    }
}

impl<C: Versioned> Deref for At<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.client
    }
}

impl<C: Versioned> DerefMut for At<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.client
    }
}

impl<C: Versioned> Drop for At<'_, C> {
    fn drop(&mut self) {
        self.client.set_version(self.before);
    }
}

/// What speaks a protocol version.
pub trait Versioned {
    /// The protocol version of the requests.
    fn version(&self) -> Version;

    /// Sets the protocol version of the requests to come.
    fn set_version(&mut self, version: Version);
}

impl Versioned for Client {
    fn version(&self) -> Version {
        self.version()
    }

    fn set_version(&mut self, version: Version) {
        self.set_version(version);
    }
}

impl Versioned for blocking::Client {
    fn version(&self) -> Version {
        self.version()
    }

    fn set_version(&mut self, version: Version) {
        self.set_version(version);
    }
}
