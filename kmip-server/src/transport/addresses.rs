//! How many connections there are of one address, handshakes included.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections of each address, where there is a limit.
#[derive(Clone)]
pub(super) struct Addresses {
    limit: Option<usize>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place that is taken. It is free again when this is dropped.
pub(super) struct OfAddress(Option<(IpAddr, Addresses)>);

impl Addresses {
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self { limit, taken: Arc::default() }
    }

    /// Takes a place for a connection of this address, if there is one.
    pub(super) fn take(&self, address: IpAddr) -> Option<OfAddress> {
        let Some(limit) = self.limit else { return Some(OfAddress(None)) };
        // Who has one address of IPv6 has all that begin as it does.
        let address = match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
            address => address,
        };
        let mut taken = self.lock();
        let count = taken.entry(address).or_default();
        if *count >= limit.max(1) {
            return None;
        }
        *count += 1;
        Some(OfAddress(Some((address, self.clone()))))
    }

    /// Nothing that panics happens under this lock.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let Some((address, addresses)) = &self.0 else { return };
        let mut taken = addresses.lock();
        if let Some(count) = taken.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_others_have_theirs() {
        let addresses = Addresses::new(Some(2));
        let take = |address: &str| addresses.take(address.parse().unwrap());
        let (_first, second) = (take("192.0.2.1").unwrap(), take("::ffff:192.0.2.1").unwrap());
        assert!(take("192.0.2.1").is_none());
        let _other = take("192.0.2.2").unwrap();
        drop(second);
        let _third = take("192.0.2.1").unwrap();
        let _v6 = [take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap()];
        assert!(take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::3").is_some());
        assert_eq!(addresses.lock().len(), 3, "nothing is left of those that are gone");
        assert!(Addresses::new(None).take("::1".parse().unwrap()).is_some());
    }
}
