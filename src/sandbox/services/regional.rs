//! A service's state, apart for each region, with the bytes it is saved as.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

/// One `T` per region, made on first use. Every call to [`Regional::write`] is one transaction.
#[derive(Debug, Default)]
pub(super) struct Regional<T> {
    regions: Mutex<BTreeMap<String, T>>,
    /// Whether anything may have changed since it was last saved.
    touched: AtomicBool,
}

impl<T: Default + PartialEq + Serialize + DeserializeOwned> Regional<T> {
    /// Returns the names of the regions in which there is anything, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Lets `look` read the region's state.
    pub(super) fn read<R>(&self, region: &str, look: impl FnOnce(&T) -> R) -> R {
        match self.lock().get(region) {
            Some(state) => look(state),
            None => look(&T::default()),
        }
    }

    /// Lets `change` edit the region's state. It has to check before it edits: what it changed stays changed.
    /// A region in which nothing is left (or was ever made) is forgotten.
    pub(super) fn write<R>(&self, region: &str, change: impl FnOnce(&mut T) -> R) -> R {
        let mut regions = self.lock();
        let was_there = regions.contains_key(region);
        let state = regions.entry(region.to_owned()).or_default();
        let outcome = change(state);
        let is_there = *state != T::default();
        if !is_there {
            regions.remove(region);
        }
        if was_there || is_there {
            self.touched.store(true, Ordering::Release);
        }
        outcome
    }

    /// Returns the state of all regions if any was written since the last call.
    pub(super) fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let regions = self.lock();
        self.touched.swap(false, Ordering::AcqRel).then(|| to_raw_value(&*regions)).transpose()
    }

    /// Returns the state of all regions as JSON; the same state is the same bytes.
    pub(super) fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.lock()).ok()
    }

    /// Replaces the state of all regions by a snapshot.
    pub(super) fn restore(&self, snapshot: &[u8]) -> Result<(), String> {
        *self.lock() = serde_json::from_slice(snapshot).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Locks the regions; a panic elsewhere does not make them unreadable.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, T>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_apart_and_empty_ones_are_forgotten() {
        let state = Regional::<Vec<u8>>::default();
        state.write("us-east-1", |list| list.push(1));
        assert_eq!(state.read("eu-west-1", Vec::len), 0);
        assert_eq!(state.snapshot().unwrap(), br#"{"us-east-1":[1]}"#);
        state.write("us-east-1", Vec::clear);
        assert_eq!(state.snapshot().unwrap(), b"{}");
    }
}
